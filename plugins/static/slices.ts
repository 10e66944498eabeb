import { type FileSlice, isFileSlice, type Response } from '@webserv/server';
import { LRUCache } from 'lru-cache';
import type { Representation } from './representation.js';

/** Maximum bytes of a cached slice. For larger ones the overhead of a read is negligible. */
const MAX_SLICE = 128 * 1024;
/** Total bytes of cached slices; the writer caches as much again, with the header section. */
const MAX_KEPT = 4 * 1024 * 1024;
/** Number of requests for a slice within `valid` before it is cached. */
const THRESHOLD = 8;
const MAX_COUNTED = 1000;

/**
 * Briefly caches ranges of large files that many clients request at the same time: segments of a live stream, the first
 * part of a popular download.
 */
export class HotSlices {
  readonly #kept: LRUCache<string, Response>;
  readonly #asked: LRUCache<string, number>;
  readonly #reading = new Set<string>();
  readonly #numbers = new WeakMap<Representation, number>();
  #lastNumber = 0;

  /** @param valid milliseconds that a slice is valid for, from when its reading began */
  constructor(valid: number) {
    this.#kept = new LRUCache({ maxSize: MAX_KEPT, ttl: valid, sizeCalculation: sizeOf });
    this.#asked = new LRUCache({ max: MAX_COUNTED, ttl: valid, noUpdateTTL: true });
  }

  /**
   * Returns the same response from memory if it is cached.
   * @param response the response as read from the file
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

  /** Invalidates all slices: files may have changed. */
  expire(): void {
    this.#kept.clear();
    this.#asked.clear();
    // Slices being read right now are invalid too.
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
      // The next request reads from the file and gets the error.
    } finally {
      held.close();
      this.#reading.delete(key);
    }
  }
}

function sizeOf({ body }: Response): number {
  return body instanceof Uint8Array ? body.length : 1;
}
