import { ClientGone } from '../http/client-gone.js';
import type { CompositeBody } from '../http/composite-body.js';
import type { FileSlice } from '../http/message.js';
import type { OutgoingBody } from '../http/outgoing-body.js';
import { acquire, BIG, release, SMALL } from './buffer-pool.js';

/** The destination of a response body, written piece by piece. */
export interface Sink {
  /** True when the client has closed the connection: nothing more can be sent. */
  readonly closed: boolean;
  /**
   * Resolves when the piece's bytes were taken: its memory may then be reused.
   * @param content how many of its bytes are body content, if some are framing
   * @throws ClientGone
   */
  write(piece: Uint8Array, content?: number): Promise<void>;
  /** Called when the client leaves, so that code waiting for the next piece of a response can stop. */
  onAbort: (() => void) | undefined;
}

/**
 * A client that takes a piece within this time gets larger ones, which it can still take within the shortest useful
 * timeout.
 */
const QUICK_MS = 100;

/**
 * Adapts the size of pieces to the client. A piece must be taken within send_timeout: on a slow line a large piece
 * would exceed it, and would hold its memory longer.
 */
class Pace {
  /** Size of the next piece, in bytes. */
  piece = 256 * 1024;

  async write(bytes: Uint8Array, sink: Sink): Promise<void> {
    const start = performance.now();
    await sink.write(bytes);
    this.piece = performance.now() - start < QUICK_MS ? Math.min(this.piece * 4, BIG) : SMALL;
  }
}

/**
 * Sends a response's body.
 * @returns how many bytes of it were sent
 * @throws ClientGone, and any error of the body's source
 */
export function sendContent(body: Exclude<OutgoingBody, { kind: 'none' }>, sink: Sink): Promise<number> {
  if (body.kind === 'file') return sendFile(body.slice, sink);
  if (body.kind === 'parts') return sendParts(body.parts, sink);
  return body.kind === 'bytes' ? sendBytes(body.bytes, sink) : sendStream(body, sink);
}

/**
 * Sends bytes in memory that are too many for one write.
 * @returns how many were sent
 * @throws ClientGone
 */
async function sendBytes(bytes: Uint8Array, sink: Sink): Promise<number> {
  const pace = new Pace();
  for (let position = 0; position < bytes.length; ) {
    if (sink.closed) throw new ClientGone();
    const piece = bytes.subarray(position, position + pace.piece);
    await pace.write(piece, sink);
    position += piece.length;
  }
  return bytes.length;
}

/**
 * Sends a slice of a file through one pooled buffer.
 * @returns how many bytes were sent
 * @throws ClientGone, and Error if the file ends too early: the declared length cannot be met
 */
async function sendFile(slice: FileSlice, sink: Sink): Promise<number> {
  const { file, start, end } = slice;
  const pace = new Pace();
  let position = start;
  while (position < end && !sink.closed) {
    const wanted = Math.min(pace.piece, end - position);
    // The buffer is held for one piece only: a slow client holds one buffer, a file waiting to be read none.
    const buffer = acquire(wanted);
    try {
      const length = Math.min(buffer.length, wanted);
      const bytesRead = await file.read(buffer, length, position);
      if (bytesRead === 0) throw new Error(`${file.path} became shorter while it was sent`);
      await pace.write(buffer.subarray(0, bytesRead), sink);
      position += bytesRead;
    } finally {
      release(buffer);
    }
  }
  if (position < end) throw new ClientGone();
  return position - start;
}

/**
 * Sends the parts in order, each like a body of its own.
 * @returns how many bytes were sent
 * @throws any error of sending a part
 */
async function sendParts(parts: CompositeBody['parts'], sink: Sink): Promise<number> {
  let sent = 0;
  for (const part of parts) {
    sent += await (part instanceof Uint8Array ? sendBytes(part, sink) : sendFile(part, sink));
  }
  return sent;
}

/**
 * Sends a stream, piece by piece.
 * @returns how many bytes were sent
 * @throws ClientGone, any error of the stream, and Error if the stream gives more or fewer bytes than declared
 */
async function sendStream(body: Extract<OutgoingBody, { kind: 'stream' }>, sink: Sink): Promise<number> {
  const { length } = body;
  const source = endable(body.stream);
  let sent = 0;
  // A source of events, for example, may wait for its next piece forever.
  sink.onAbort = () => void source.return().catch(() => {});
  try {
    for await (const piece of source) {
      if (sink.closed) throw new ClientGone();
      if (!(piece instanceof Uint8Array))
        throw new TypeError(`a piece of the response body must be a Uint8Array, got ${typeof piece}`);
      if (piece.length === 0) continue; // an empty chunk would end the body
      if (length !== undefined && sent + piece.length > length)
        throw new Error(`the response body is longer than its declared length of ${length} bytes`);
      sent += piece.length;
      await sink.write(piece);
    }
  } finally {
    sink.onAbort = undefined;
  }
  if (length !== undefined && sent < length)
    throw new Error(`the response body is shorter than its declared length: ${sent} of ${length} bytes`);
  return sent;
}

/** The same stream, which can also be closed while its next piece is awaited. It is closed only once. */
function endable(
  stream: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> & Required<Pick<AsyncIterator<Uint8Array>, 'return'>> {
  const iterator = stream[Symbol.asyncIterator]();
  let isEnded = false;
  const end = async (): Promise<IteratorResult<Uint8Array>> => {
    if (!isEnded) {
      isEnded = true;
      await iterator.return?.();
    }
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next(), return: end }), return: end };
}
