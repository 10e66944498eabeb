import { HttpError, type RequestBody } from '@webserv/server';
import { readForm } from './multipart.js';
import { chooseName } from './names.js';
import type { PartHead } from './part-head.js';
import { addField, type FieldValues, noFields } from './stored-response.js';
import type { SyncSlots } from './sync-slots.js';
import type { TemporaryFile } from './temporary-file.js';

/** Maximum number of non-file fields in a form. */
const MAX_FIELDS = 1000;
/** Maximum total bytes of their values, which are kept in memory and sent back in the response. */
const MAX_FIELD_BYTES = 1024 * 1024;

/** A file of a form: received completely but not yet published under its name. */
export interface ReceivedFile {
  readonly file: TemporaryFile;
  readonly field: string;
  /** Requested name. */
  readonly name: string;
  readonly inode: number;
}

export interface ReceivedForm {
  readonly files: readonly ReceivedFile[];
  readonly fields: FieldValues;
}

export interface FormOptions {
  readonly maxFiles: number;
  /** Throws for a name that is not allowed, before any byte of the file is stored. */
  admit(name: string): Promise<void>;
  /** Syncs the files to disk; undefined when `upload_sync` is off. */
  readonly slots: SyncSlots | undefined;
  /** Creates a temporary file; the caller removes it. */
  create(): Promise<TemporaryFile>;
}

/** Destination of a part's content. */
interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** Collects a form: fields in memory, files on disk. */
class FormCollector {
  readonly files: ReceivedFile[] = [];
  readonly fields = noFields();
  readonly #options: FormOptions;
  #fileCount = 0;
  #fieldCount = 0;
  #fieldBytes = 0;

  constructor(options: FormOptions) {
    this.#options = options;
  }

  sink(head: PartHead): Sink {
    return head.fileName === undefined ? this.#fieldSink(head.field) : this.#fileSink(head, head.fileName);
  }

  #fieldSink(field: string): Sink {
    this.#fieldCount += 1;
    if (this.#fieldCount > MAX_FIELDS)
      throw new HttpError(413, { reason: `multipart: more than ${MAX_FIELDS} fields` });
    let value = Buffer.alloc(0);
    let used = 0;
    return {
      write: async (bytes) => {
        this.#fieldBytes += bytes.length;
        if (this.#fieldBytes > MAX_FIELD_BYTES)
          throw new HttpError(413, { reason: `multipart: field values exceed ${MAX_FIELD_BYTES} bytes` });
        // Doubles the buffer: a value that arrives byte by byte must not cost an object per byte.
        if (used + bytes.length > value.length) value = Buffer.concat([value], 2 * (used + bytes.length));
        value.set(bytes, used);
        used += bytes.length;
      },
      end: async () => addField(this.fields, field, value.toString('utf8', 0, used)),
    };
  }

  #fileSink({ field, type }: PartHead, fileName: string): Sink {
    let opened: TemporaryFile | undefined;
    const open = async (): Promise<TemporaryFile> => {
      this.#fileCount += 1;
      if (this.#fileCount > this.#options.maxFiles) {
        throw new HttpError(413, {
          reason: `multipart: more files than upload_max_files (${this.#options.maxFiles}) allows`,
        });
      }
      await this.#options.admit(name);
      return this.#options.create();
    };
    const name = chooseName(fileName, type);
    return {
      write: async (bytes) => {
        opened ??= await open();
        await opened.write(bytes);
      },
      end: async () => {
        // Browsers send an empty part without a file name when the user chose no file.
        if (opened === undefined && fileName === '') return;
        const file = opened ?? (await open());
        const { ino } = await file.complete(this.#options.slots);
        await file.close(); // a form of a hundred files must not hold a hundred descriptors
        this.files.push({ file, field, name, inode: ino });
      },
    };
  }
}

/**
 * Receives a complete form.
 * @throws HttpError 400 for a malformed form, 413 for more files, fields or bytes of fields than allowed
 */
export async function receiveForm(
  body: RequestBody,
  boundary: string,
  options: FormOptions,
): Promise<ReceivedForm> {
  const collector = new FormCollector(options);
  let sink: Sink | undefined;
  for await (const event of readForm(body, boundary, options.maxFiles + MAX_FIELDS)) {
    if (event.kind === 'head') sink = collector.sink(event.head);
    else if (event.kind === 'content') await sink?.write(event.bytes);
    else await sink?.end();
  }
  return collector;
}
