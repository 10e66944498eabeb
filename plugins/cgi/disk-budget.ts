/** Disk space in bytes for output that waits for its clients, per worker process. */
const MAX_BYTES = 1024 * 1024 * 1024;

/** Disk space shared by the waiting output of all scripts. */
export class DiskBudget {
  #left: number;

  constructor(bytes: number = MAX_BYTES) {
    this.#left = bytes;
  }

  get left(): number {
    return this.#left;
  }

  /** @returns false when fewer bytes are left; then nothing is taken */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}
