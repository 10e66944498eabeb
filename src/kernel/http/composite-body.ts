import type { FileSlice } from './message.js';

/** Bytes per read from a file, when a plugin iterates over the body. */
const PIECE = 64 * 1024;

/**
 * A body composed of several parts in memory or in files. Plugins see a stream. The connection sends each part like a
 * body of its own, so files go through the buffers that all connections share.
 */
export class CompositeBody implements AsyncIterable<Uint8Array> {
  readonly parts: readonly (Uint8Array | FileSlice)[];
  /** Total bytes of all parts. */
  readonly length: number;

  constructor(parts: readonly (Uint8Array | FileSlice)[]) {
    this.parts = parts;
    this.length = parts.reduce((sum, part) => sum + lengthOf(part), 0);
  }

  /** Each piece has memory of its own. @throws Error if a file has become shorter */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (const part of this.parts) {
      if (part instanceof Uint8Array) yield part;
      else yield* piecesOf(part);
    }
  }
}

function lengthOf(part: Uint8Array | FileSlice): number {
  return part instanceof Uint8Array ? part.length : part.end - part.start;
}

async function* piecesOf({ file, start, end }: FileSlice): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE, end - at));
    const count = await file.read(buffer, buffer.length, at);
    // Abort the response: padding it would corrupt the body.
    if (count === 0) throw new Error(`${file.path} became shorter while it was sent`);
    yield buffer.subarray(0, count);
    at += count;
  }
}
