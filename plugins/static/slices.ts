import { type FileSlice, isFileSlice, type Response } from '@webserv/server';
import { LRUCache } from 'lru-cache';
import type { Representation } from './representation.js';

/** Larger ones are as cheap from the file: what is saved is what a read costs beside its bytes. */
const MAX_SLICE = 128 * 1024;
/** Bytes of all kept slices; the writer keeps as much again, with the header before them. */
const MAX_KEPT = 4 * 1024 * 1024;
/** So often a slice has to be asked for within its time before it is kept. */
const THRESHOLD = 8;
const MAX_COUNTED = 1000;

/**
 * Parts of large files that many ask for at the same time, in memory for a moment: the segments of a live stream, the
 * first piece of what everybody downloads.
 */
export class HotSlices {
  readonly #kept: LRUCache<string, Response>;
  readonly #asked: LRUCache<string, number>;
  readonly #reading = new Set<string>();
  readonly #numbers = new WeakMap<Representation, number>();
  #lastNumber = 0;

  /** @param valid for how long a slice counts from when it is read, in milliseconds */
  constructor(valid: number) {
    this.#kept = new LRUCache({ maxSize: MAX_KEPT, ttl: valid, sizeCalculation: sizeOf });
    this.#asked = new LRUCache({ max: MAX_COUNTED, ttl: valid, noUpdateTTL: true });
  }

  /**
   * The same answer from memory where it is there.
   * @param response what a request is answered with from the file
   */
  recall(representation: Representation, response: Response): Response {
    const { status, body } = response;
    if (status !== 206 || body === undefined || typeof body === 'string' || body instanceof Uint8Array)
      return response;
    if (!isFileSlice(body) || body.end - body.start > MAX_SLICE) return response;
    const key = `${this.#numberOf(representation)}:${body.start}-${body.end}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const asked = (this.#asked.get(key) ?? 0) + 1;
    this.#asked.set(key, asked);
    if (asked >= THRESHOLD && !this.#reading.has(key)) void this.#read(key, response, body);
    return response;
  }

  /** What was read before now counts no more: files may have changed. */
  expire(): void {
    this.#kept.clear();
    this.#asked.clear();
    // What is being read counts no more either.
    this.#reading.clear();
  }

  #numberOf(representation: Representation): number {
    const known = this.#numbers.get(representation);
    if (known !== undefined) return known;
    this.#lastNumber += 1;
    this.#numbers.set(representation, this.#lastNumber);
    return this.#lastNumber;
  }

  async #read(
    key: string,
    { status, headers = {} }: Response,
    { file, start, end }: FileSlice,
  ): Promise<void> {
    this.#reading.add(key);
    const held = file.hold();
    const begun = performance.now();
    try {
      const body = await file.bytes(start, end);
      if (body === undefined || !this.#reading.has(key)) return;
      this.#kept.set(key, Object.freeze({ status, headers: Object.freeze(headers), body }), { start: begun });
    } catch {
      // Whoever asks gets it from the file, with the fault.
    } finally {
      held.close();
      this.#reading.delete(key);
    }
  }
}

function sizeOf({ body }: Response): number {
  return body instanceof Uint8Array ? body.length : 1;
}
