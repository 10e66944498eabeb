import { ReportOnce, WorkLimit } from '@webserv/server';

/** Bytes that the coders of one worker may hold together. A coder lives as long as its client takes. */
const MAX_MEMORY = 48 * 1024 * 1024;
/** A coder may take this part of what is left: dear ones end first, and the last of the memory is for cheap ones. */
const SHARE = 1 / 4;
/** Content in memory that waits to be compressed in one go; beyond it content is sent as it is. */
const MAX_WAITING = 32;

/** Files that cannot be opened are logged once in this time: when descriptors are short, every request meets that. */
const WARN_AGAIN_MS = 60_000;

/** libuv's threads. Files are read in them, too. */
function threads(): number {
  const size = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  return Number.isInteger(size) && size >= 1 ? Math.min(size, 1024) : 4;
}

/** The memory of the coders that are at work for streamed content. */
export class CoderMemory {
  readonly #max: number;
  #taken = 0;

  constructor(max: number = MAX_MEMORY) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Whether a coder of this size may be made now. @param bytes what it holds at most, buffers included */
  fits(bytes: number): boolean {
    return bytes <= (this.#max - this.#taken) * SHARE;
  }

  /** Counts a coder, which fits. @returns gives its memory back; more than one call is one */
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
 * What compression may take of one worker. zlib works in the threads that files are read in: it never has all of them, so
 * that a read never waits for a coder.
 */
export class Resources {
  readonly memory = new CoderMemory();
  readonly siblingErrors = new ReportOnce({ periodMs: WARN_AGAIN_MS });
  /** Pieces of streamed content. How many wait is bounded by the memory of their coders. */
  readonly pieces = new WorkLimit({
    atOnce: Math.max(1, threads() - 2),
    waiting: Number.POSITIVE_INFINITY,
  });
  /** Content that is compressed in one go. */
  readonly whole = new WorkLimit({ atOnce: 1, waiting: MAX_WAITING });
}
