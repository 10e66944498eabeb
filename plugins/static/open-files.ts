import type { OpenFile } from '@webserv/server';
import { LRUCache } from 'lru-cache';

/** Descriptors held at once by all routes of a server. */
const MAX_OPEN = 256;

/** A file too large to be kept in memory, held open as long as it is asked for. */
export interface HeldFile {
  readonly file: OpenFile;
  /** When the last comparison with the file system began, by `performance.now()`. */
  readonly checkedAt: number;
}

/** How long a file stays open that nobody asks for: a deleted one takes its place on the disk as long. */
const IDLE_MS = 2000;

/** The large files of one server that are being asked for: opened once and read by all. */
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

  /** Takes a file over. The one held before, if it is another, is closed when its readers are done. */
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
