import type { WireBody } from '../http/writer.js';
import type { FileSlice } from '../message.js';
import { acquire, release } from './buffers.js';

/** Where content goes, piece by piece. */
export interface Sink {
  /** True when the client has gone: nothing more can be sent. */
  readonly closed: boolean;
  /** Fulfilled when the piece's bytes were taken: then it may be changed again. */
  write(piece: Uint8Array): Promise<void>;
  /** Sends what is gathered so far. */
  flush(): void;
}

/**
 * Sends a part of a file through one pooled buffer.
 * @returns how many bytes of content were sent
 * @throws Error when the file ends too early: the answer's length was promised and cannot be kept
 */
export async function sendFile(slice: FileSlice, sink: Sink): Promise<number> {
  const { file, start, end } = slice;
  let position = start;
  while (position < end && !sink.closed) {
    // A buffer is held for one piece only: a slow client keeps one, a waiting file none.
    const buffer = acquire(end - position);
    try {
      const length = Math.min(buffer.length, end - position);
      const bytesRead = await file.read(buffer, length, position);
      if (bytesRead === 0) throw new Error(`${file.path} became shorter while it was sent`);
      await sink.write(buffer.subarray(0, bytesRead));
      position += bytesRead;
    } finally {
      release(buffer);
    }
  }
  if (position < end) throw new Error('the client left');
  return position - start;
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const CRLF = Buffer.from('\r\n');

/**
 * Sends a stream, chunked (RFC 9112 §7.1) or as it is. The head is held back for the first piece, but no longer than a
 * turn of the event loop.
 * @returns how many bytes of content were sent
 * @throws what the stream throws, and Error when it gives more or less than its declared length
 */
export async function sendStream(body: Extract<WireBody, { kind: 'stream' }>, sink: Sink): Promise<number> {
  const { stream, length } = body;
  const chunked = body.chunked && length === undefined;
  const headOut = setImmediate(() => sink.flush());
  let sent = 0;
  try {
    for await (const piece of stream) {
      if (sink.closed) throw new Error('the client left');
      if (piece.length === 0) continue; // an empty chunk would end the body
      if (length !== undefined && sent + piece.length > length)
        throw new Error(`content longer than its length ${length}`);
      sent += piece.length;
      await sink.write(chunked ? chunk(piece) : piece);
    }
  } finally {
    clearImmediate(headOut);
  }
  if (length !== undefined && sent < length)
    throw new Error(`content shorter than its length: ${sent} of ${length}`);
  if (chunked) await sink.write(LAST_CHUNK);
  else sink.flush();
  return sent;
}

function chunk(piece: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`, 'latin1'), piece, CRLF]);
}
