import type { Counter, Log, Metrics } from '@webserv/server';
import { removeLeftovers } from './leftovers.js';
import { NameLocks } from './name-locks.js';
import type { Stores } from './stores.js';
import { SyncSlots } from './sync-slots.js';
import { Temporaries } from './temporaries.js';

/** State that the routes of one running server share. */
export class UploadServer {
  readonly temporaries = new Temporaries();
  readonly names = new NameLocks();
  readonly slots = new SyncSlots();
  readonly stores: Stores;
  readonly #log: Log;
  readonly #files: Counter;
  readonly #bytes: Counter;
  readonly #stopping = new AbortController();
  readonly #stores = new Set<string>();
  readonly #sweeps: Promise<void>[] = [];

  /** @param stores directories of this configuration that clients who are not trusted upload to */
  constructor(stores: Stores, log: Log, metrics: Metrics) {
    this.stores = stores;
    this.#log = log;
    this.#files = metrics.counter({ name: 'webserv_uploaded_files_total', help: 'Uploaded files stored.' });
    this.#bytes = metrics.counter({
      name: 'webserv_uploaded_bytes_total',
      help: 'Bytes of uploaded files stored.',
    });
  }

  stored(bytes: number): void {
    this.#files.add(1);
    this.#bytes.add(bytes);
  }

  /** Registers a directory that uploads are stored in. */
  uses(directory: string): void {
    this.#stores.add(directory);
  }

  /** Removes the temporary files of a killed server from the stores. Requests need not wait for it. */
  serve(): void {
    for (const directory of this.#stores) this.#sweeps.push(this.#sweep(directory));
  }

  async dispose(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#sweeps);
    await this.temporaries.dispose();
  }

  async #sweep(directory: string): Promise<void> {
    try {
      const removed = await removeLeftovers(directory, this.#stopping.signal);
      if (removed > 0)
        this.#log.info(`${directory}: removed ${removed} unfinished uploads of an earlier server`);
    } catch (error) {
      this.#log.warn(`${directory}: cannot remove unfinished uploads: ${String(error)}`);
    }
  }
}
