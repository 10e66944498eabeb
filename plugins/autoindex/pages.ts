import { type Exchange, HotCache, HttpError, type Response, type ResponseHeaders } from '@webserv/server';
import { LRUCache } from 'lru-cache';

/** A directory that is asked for so often within a second is read once a second: reading costs a look at every entry. */
const RECENT = { validMs: 1000, threshold: 4, maxKeys: 1000 };
/** Bytes of the pages that are kept, the latest of each directory. */
const MAX_KEPT = 16 * 1024 * 1024;
/** Bytes of older pages that slow clients still take. */
const MAX_BEING_SENT = 32 * 1024 * 1024;

/** A listing that is kept, being sent, or both. */
export interface Page {
  readonly response: Response;
  readonly bytes: Uint8Array;
  /** Exchanges that send it. */
  readers: number;
  kept: boolean;
}

/** The memory of listings: of those kept for the next one who asks, and of those that clients are still taking. */
export class Pages {
  /** Keys whose latest page is good for the next one who asks. */
  readonly #recent = new HotCache<true>(RECENT);
  /** By key. */
  readonly #latest = new LRUCache<string, Page>({
    maxSize: MAX_KEPT,
    sizeCalculation: ({ bytes }) => bytes.length + 1,
    dispose: (page) => {
      page.kept = false;
      if (page.readers > 0) this.#beingSent += page.bytes.length;
    },
  });
  #beingSent = 0;

  /** The page of a moment ago, where many ask for it. */
  recent(key: string): Page | undefined {
    return this.#recent.ask(key) ? this.#latest.get(key) : undefined;
  }

  /** Whatever was kept is made anew: a directory may have changed. */
  expire(): void {
    this.#recent.expire();
  }

  /** @throws HttpError 503 when slow clients hold too much of older pages already */
  checkRoom(): void {
    if (this.#beingSent < MAX_BEING_SENT) return;
    throw new HttpError(503, {
      reason: 'too many listings are being taken slowly',
      headers: { 'retry-after': '1' },
    });
  }

  /** @param madeAt when the directory began to be read */
  keep(key: string, headers: ResponseHeaders, bytes: Uint8Array, madeAt: number): Page {
    const before = this.#latest.get(key);
    // The same page again: clients that take it slowly share it, whenever they came.
    const same = before !== undefined && Buffer.compare(before.bytes, bytes) === 0;
    const page = same ? before : this.#add(key, headers, bytes);
    this.#recent.keep(key, true, madeAt);
    return page;
  }

  /** The response, which counts until it is sent. */
  send(page: Page, exchange: Exchange): Response {
    if (page.readers === 0 && !page.kept) this.#beingSent += page.bytes.length;
    page.readers += 1;
    let held = true;
    exchange.own({
      close: () => {
        if (!held) return;
        held = false;
        page.readers -= 1;
        if (page.readers === 0 && !page.kept) this.#beingSent -= page.bytes.length;
      },
    });
    return page.response;
  }

  #add(key: string, headers: ResponseHeaders, bytes: Uint8Array): Page {
    // Frozen, so that the server keeps the bytes it made of it.
    const response = Object.freeze({ status: 200, headers: Object.freeze(headers), body: bytes });
    const page: Page = { response, bytes, readers: 0, kept: true };
    this.#latest.set(key, page);
    return page;
  }
}
