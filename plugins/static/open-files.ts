import type { OpenFile } from '@webserv/server';
import { LRUCache } from 'lru-cache';

/** Maximum number of descriptors held by all routes of a server. */
const MAX_OPEN = 256;

/** A file too large for the memory cache, held open while it is requested. */
export interface HeldFile {
  readonly file: OpenFile;
  /** When the last comparison with the file system began, by `performance.now()`. */
  readonly checkedAt: number;
}

/** Milliseconds a file stays open without requests: a deleted file occupies the disk that long. */
const IDLE_MS = 2000;

/** Large files requested at the moment, each opened once and shared by all readers. */
export class OpenFiles {
  readonly #held = new LRUCache<string, HeldFile>({
    max: MAX_OPEN,
    ttl: IDLE_MS,
    updateAgeOnGet: true,
    ttlAutopurge: false,
    dispose: (held, _key, reason) => {
      if (reason !== 'set') held.file.close();
    },
  });
  #timer: NodeJS.Timeout | undefined;

  get empty(): boolean {
    return this.#held.size === 0;
  }

  get(key: string): HeldFile | undefined {
    return this.#held.get(key);
  }

  /** Takes ownership of a file. A different file held before is closed when its readers are done. */
  hold(key: string, file: OpenFile, checkedAt: number): HeldFile {
    const before = this.#held.get(key)?.file;
    const held: HeldFile = { file, checkedAt };
    this.#held.set(key, held);
    if (before !== undefined && before !== file) before.close();
    this.#timer ??= setInterval(() => this.#sweep(), IDLE_MS).unref();
    return held;
  }

  drop(key: string): void {
    this.#held.delete(key);
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#held.clear();
  }

  #sweep(): void {
    this.#held.purgeStale();
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
