import {
  type DecodedPath,
  type FileVersion,
  isSettled,
  type OpenFile,
  type Response,
  type WorkLimit,
} from '@webserv/server';
import { readWhole } from './content.js';
import type { Encoding, EncodingName, Level, Maker } from './encodings.js';
import { compressedHeaders, varying } from './fields.js';
import type { Resources } from './resources.js';
import { type Original, openSibling } from './siblings.js';
import { compressedWhole } from './whole.js';

/** Milliseconds that a check of the file system is valid for, as in the static plugin. */
const VALID_MS = 1000;

interface KeptSibling extends FileVersion {
  readonly settled: boolean;
  readonly response: Response;
}

interface Look {
  readonly checkedAt: number;
  readonly found: Promise<KeptSibling | undefined>;
}

/**
 * Compressed variants of a response that is sent repeatedly: one frozen value for each encoding, so that the server
 * caches its serialised form.
 */
export class Kept {
  /**
   * URL of the file it may be built from. A response for a directory does not know it; the one of its index file does.
   */
  path: DecodedPath | undefined;
  readonly plain: Response;
  readonly #response: Response;
  readonly #compressed = new Map<EncodingName, Promise<Response>>();
  readonly #looks = new Map<EncodingName, Look>();

  readonly #resources: Resources;

  constructor(response: Response, resources: Resources) {
    this.#response = response;
    this.#resources = resources;
    this.plain = Object.freeze(varying(response));
  }

  /** Returns a variant that already exists or is in progress. */
  known(encoding: Encoding): Promise<Response> | undefined {
    return this.#compressed.get(encoding.name);
  }

  /**
   * Returns the compressed variant, or the unencoded one where compression saves nothing or too many are in progress.
   */
  compressed(encoding: Maker, level: Level, turns: WorkLimit): Promise<Response> {
    const known = this.known(encoding);
    if (known !== undefined) return known;
    const turn = turns.acquire();
    if (turn === undefined) return Promise.resolve(this.plain);
    const making = this.#make(turn, encoding, level);
    this.#compressed.set(encoding.name, making);
    // A failed compression is retried by the next request.
    making.catch(() => this.#compressed.delete(encoding.name));
    return making;
  }

  async #make(turn: Promise<() => void>, encoding: Maker, level: Level): Promise<Response> {
    const release = await turn;
    try {
      const response = await compressedWhole(this.#response, encoding, level);
      return response === undefined ? this.plain : Object.freeze(response);
    } finally {
      release();
    }
  }

  /** Returns the response from the precompressed file, which is checked once a second. */
  async sibling(original: Original, encoding: Encoding): Promise<Response | undefined> {
    const before = this.#looks.get(encoding.name);
    if (before !== undefined && this.#isFresh(before)) return (await before.found)?.response;
    const checkedAt = performance.now();
    const found = this.#look(original, encoding, before);
    this.#looks.set(encoding.name, { checkedAt, found });
    found.catch(() => this.#looks.delete(encoding.name));
    return (await found)?.response;
  }

  #isFresh({ checkedAt }: Look): boolean {
    return performance.now() - checkedAt < VALID_MS && this.#resources.isCurrent(checkedAt);
  }

  async #look(
    original: Original,
    encoding: Encoding,
    before: Look | undefined,
  ): Promise<KeptSibling | undefined> {
    const file = await openSibling(original, encoding);
    if (file === undefined) return undefined;
    try {
      const known = await before?.found;
      return known !== undefined && isSame(known, file) ? known : await this.#read(file, encoding);
    } finally {
      file.close();
    }
  }

  async #read(file: OpenFile, encoding: Encoding): Promise<KeptSibling> {
    const { size, mtimeMs, ctimeMs, ino } = file;
    const settled = isSettled(ctimeMs);
    const body = await readWhole({ file, start: 0, end: size });
    const headers = compressedHeaders(this.#response.headers ?? {}, encoding.name);
    const response = Object.freeze({ ...this.#response, headers, body });
    return { size, mtimeMs, ctimeMs, ino, settled, response };
  }
}

function isSame(known: KeptSibling, file: FileVersion): boolean {
  return (
    known.settled &&
    known.mtimeMs === file.mtimeMs &&
    known.ctimeMs === file.ctimeMs &&
    known.size === file.size &&
    known.ino === file.ino
  );
}
