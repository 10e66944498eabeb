/** Bytes on the disk that all output of scripts that waits for its clients may take, in one worker process. */
const MAX_BYTES = 1024 * 1024 * 1024;

/** The room on the disk that output of scripts shares. */
export class DiskBudget {
  #left: number;

  constructor(bytes: number = MAX_BYTES) {
    this.#left = bytes;
  }

  get left(): number {
    return this.#left;
  }

  /** @returns false where there is not so much left: then nothing is taken */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}
