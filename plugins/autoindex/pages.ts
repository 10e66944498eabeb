import { type Exchange, HotCache, HttpError, type Response, type ResponseHeaders } from '@webserv/server';
import { LRUCache } from 'lru-cache';

/** A directory requested this often within a second is read once a second, since reading inspects every entry. */
const RECENT = { validMs: 1000, threshold: 4, maxKeys: 1000 };
/** Total bytes of cached pages; only the latest page of a directory is cached. */
const MAX_KEPT = 16 * 1024 * 1024;
/** Total bytes of evicted pages that slow clients are still receiving. */
const MAX_BEING_SENT = 32 * 1024 * 1024;

/** A listing that is cached, being sent, or both. */
export interface Page {
  readonly response: Response;
  readonly bytes: Uint8Array;
  /** Number of exchanges sending it. */
  readers: number;
  kept: boolean;
}

/** Accounts for the memory of listings: those cached for later requests and those clients are still receiving. */
export class Pages {
  /** Keys whose latest page may serve the next request. */
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

  /** Returns the page produced a moment ago, if the directory is requested often. */
  recent(key: string): Page | undefined {
    return this.#recent.get(key) ? this.#latest.get(key) : undefined;
  }

  /** Invalidates all cached pages: a directory may have changed. */
  expire(): void {
    this.#recent.expire();
  }

  /** @throws HttpError 503 when slow clients already hold the maximum of evicted pages */
  checkRoom(): void {
    if (this.#beingSent < MAX_BEING_SENT) return;
    throw new HttpError(503, {
      reason: 'too many slow clients are receiving directory listings',
      headers: { 'retry-after': '1' },
    });
  }

  /** @param madeAt when reading of the directory began */
  keep(key: string, headers: ResponseHeaders, bytes: Uint8Array, madeAt: number): Page {
    const before = this.#latest.get(key);
    // Same bytes as before: slow clients share one page, no matter when they asked.
    const same = before !== undefined && Buffer.compare(before.bytes, bytes) === 0;
    const page = same ? before : this.#add(key, headers, bytes);
    this.#recent.set(key, true, madeAt);
    return page;
  }

  /** Returns the response and counts it as a reader until it is sent. */
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
    // Frozen, so that the server can cache the serialised response.
    const response = Object.freeze({ status: 200, headers: Object.freeze(headers), body: bytes });
    const page: Page = { response, bytes, readers: 0, kept: true };
    this.#latest.set(key, page);
    return page;
  }
}
