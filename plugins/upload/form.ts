import { HttpError, type RequestBody } from '@webserv/server';
import { addField, type FieldValues, noFields } from './answer.js';
import { readForm } from './multipart.js';
import { chooseName } from './names.js';
import type { PartHead } from './part-head.js';
import type { SyncSlots } from './sync-slots.js';
import type { TemporaryFile } from './temporary-file.js';

/** Fields that are no files, in one form. */
const MAX_FIELDS = 1000;
/** Bytes of all their values together: they are kept in memory, and sent back. */
const MAX_FIELD_BYTES = 1024 * 1024;

/** A file of a form, received whole, not yet under its name. */
export interface ReceivedFile {
  readonly file: TemporaryFile;
  readonly field: string;
  /** The name it should get. */
  readonly name: string;
  readonly inode: number;
}

export interface ReceivedForm {
  readonly files: readonly ReceivedFile[];
  readonly fields: FieldValues;
}

export interface FormOptions {
  readonly maxFiles: number;
  /** Throws for a name that no file may get, before anything of that file is kept. */
  admit(name: string): Promise<void>;
  /** Forces the files to the disk. */
  readonly slots: SyncSlots | undefined;
  /** Whoever makes it removes it. */
  create(): Promise<TemporaryFile>;
}

/** What becomes of one part's content. */
interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** Where one form is collected: fields in memory, files on disk. */
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
    if (this.#fieldCount > MAX_FIELDS) throw new HttpError(413, { reason: 'multipart: too many fields' });
    let value = Buffer.alloc(0);
    let used = 0;
    return {
      write: async (bytes) => {
        this.#fieldBytes += bytes.length;
        if (this.#fieldBytes > MAX_FIELD_BYTES)
          throw new HttpError(413, { reason: 'multipart: fields too long' });
        // Grown by doubling: a value that comes byte by byte must not cost an object a byte.
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
        throw new HttpError(413, { reason: 'multipart: more files than upload_max_files' });
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
        // A browser sends an empty part without a file name where no file was chosen.
        if (opened === undefined && fileName === '') return;
        const file = opened ?? (await open());
        const { ino } = await file.complete(this.#options.slots);
        await file.close(); // a form of a hundred files holds one descriptor, not a hundred
        this.files.push({ file, field, name, inode: ino });
      },
    };
  }
}

/**
 * Receives a form to its end.
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
