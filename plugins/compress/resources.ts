import { ReportOnce, WorkLimit } from '@webserv/server';

/** Total bytes of the coders of one worker. A coder lives as long as its client reads. */
const MAX_MEMORY = 48 * 1024 * 1024;
/**
 * Maximum share of the remaining memory for one coder: expensive coders are refused first, and the last of the memory
 * is for cheap ones.
 */
const SHARE = 1 / 4;
/** Maximum number of responses that wait to be compressed in one call; further ones are sent unencoded. */
const MAX_WAITING = 32;

/** Milliseconds for which errors of opening precompressed files are logged once: without descriptors, all fail. */
const WARN_AGAIN_MS = 60_000;

/** Number of libuv's threads, which read files too. */
function threads(): number {
  const size = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  return Number.isInteger(size) && size >= 1 ? Math.min(size, 1024) : 4;
}

/** Memory of the coders of streamed responses. */
export class CoderMemory {
  readonly #max: number;
  #taken = 0;

  constructor(max: number = MAX_MEMORY) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Whether a coder of this size may be created now. @param bytes its maximum, buffers included */
  fits(bytes: number): boolean {
    return bytes <= (this.#max - this.#taken) * SHARE;
  }

  /**
   * Accounts for a coder, which must fit. @returns a function that releases the memory; calling it again has no effect
   */
  take(bytes: number): () => void {
    this.#taken += bytes;
    let held = true;
    return () => {
      if (held) this.#taken -= bytes;
      held = false;
    };
  }
}

/**
 * Limits on compression in one worker. zlib runs in the threads that read files; it never occupies all of them, so that
 * a read never waits for a coder.
 */
export class Resources {
  readonly memory = new CoderMemory();
  readonly siblingErrors = new ReportOnce({ periodMs: WARN_AGAIN_MS });
  #changedAt = Number.NEGATIVE_INFINITY;
  /** Limits pieces of streamed content. The number of waiting pieces is bounded by the memory of their coders. */
  readonly pieces = new WorkLimit({
    atOnce: Math.max(1, threads() - 2),
    waiting: Number.POSITIVE_INFINITY,
  });
  /** Limits content that is compressed in one call. */
  readonly whole = new WorkLimit({ atOnce: 1, waiting: MAX_WAITING });

  /** Files may have changed: looks at the file system before now no longer count. */
  expire(): void {
    this.#changedAt = performance.now();
  }

  /** @param checkedAt when a look at the file system began, by `performance.now()` */
  isCurrent(checkedAt: number): boolean {
    return checkedAt > this.#changedAt;
  }
}
