import type { FileSlice } from './message.js';

/** What one read takes from a file, for who reads the body piece by piece. */
const PIECE = 64 * 1024;

/**
 * Content of several parts, in memory or in files. A stream for plugins; the connection sends each part as it would send
 * it alone, so that files go through the buffers that all connections share.
 */
export class PartsBody implements AsyncIterable<Uint8Array> {
  readonly parts: readonly (Uint8Array | FileSlice)[];
  /** Bytes of all parts. */
  readonly length: number;

  constructor(parts: readonly (Uint8Array | FileSlice)[]) {
    this.parts = parts;
    this.length = parts.reduce((sum, part) => sum + lengthOf(part), 0);
  }

  /** Each piece is in memory of its own. @throws Error when a file has become shorter */
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
    // The response must break off rather than be filled up.
    if (count === 0) throw new Error(`${file.path} was cut short while it was sent`);
    yield buffer.subarray(0, count);
    at += count;
  }
}
