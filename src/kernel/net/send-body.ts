import { ClientGone } from '../http/client-gone.js';
import type { FileSlice } from '../http/message.js';
import type { OutgoingBody } from '../http/outgoing-body.js';
import type { PartsBody } from '../http/parts-body.js';
import { acquire, BIG, release, SMALL } from './buffer-pool.js';

/** Where content goes, piece by piece. */
export interface Sink {
  /** True when the client has gone: nothing more can be sent. */
  readonly closed: boolean;
  /**
   * Fulfilled when the piece's bytes were taken: then it may be changed again.
   * @param content how many of its bytes are content, where some are framing
   * @throws ClientGone
   */
  write(piece: Uint8Array, content?: number): Promise<void>;
  /** Called when the client leaves: whoever waits for the next piece of an answer need not wait any more. */
  onAbort: (() => void) | undefined;
}

/** A client that takes a piece within this time gets bigger ones: they still fit into the shortest useful timeout. */
const QUICK_MS = 100;

/**
 * How much is sent at once. A piece has to be taken within send_timeout: for a client on a thin line big ones would
 * mean the end of its connection, and hold more memory the longer it takes.
 */
class Pace {
  /** Bytes of the next piece. */
  piece = 256 * 1024;

  async write(bytes: Uint8Array, sink: Sink): Promise<void> {
    const start = performance.now();
    await sink.write(bytes);
    this.piece = performance.now() - start < QUICK_MS ? Math.min(this.piece * 4, BIG) : SMALL;
  }
}

/**
 * Sends an answer's content.
 * @returns how many bytes of it were sent
 * @throws ClientGone, and what the content's source throws
 */
export function sendContent(body: Exclude<OutgoingBody, { kind: 'none' }>, sink: Sink): Promise<number> {
  if (body.kind === 'file') return sendFile(body.slice, sink);
  if (body.kind === 'parts') return sendParts(body.parts, sink);
  return body.kind === 'bytes' ? sendBytes(body.bytes, sink) : sendStream(body, sink);
}

/**
 * Sends bytes that are at hand, too many for one write.
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
 * Sends a part of a file through one pooled buffer.
 * @returns how many bytes of content were sent
 * @throws ClientGone, and Error when the file ends too early: the answer's length was promised and cannot be kept
 */
async function sendFile(slice: FileSlice, sink: Sink): Promise<number> {
  const { file, start, end } = slice;
  const pace = new Pace();
  let position = start;
  while (position < end && !sink.closed) {
    const wanted = Math.min(pace.piece, end - position);
    // A buffer is held for one piece only: a slow client keeps one, a waiting file none.
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
 * Sends one part after the other, each as it would be sent alone.
 * @returns how many bytes of content were sent
 * @throws what sending a part throws
 */
async function sendParts(parts: PartsBody['parts'], sink: Sink): Promise<number> {
  let sent = 0;
  for (const part of parts) {
    sent += await (part instanceof Uint8Array ? sendBytes(part, sink) : sendFile(part, sink));
  }
  return sent;
}

/**
 * Sends a stream, piece by piece.
 * @returns how many bytes of content were sent
 * @throws ClientGone, what the stream throws, and Error when it gives more or less than its declared length
 */
async function sendStream(body: Extract<OutgoingBody, { kind: 'stream' }>, sink: Sink): Promise<number> {
  const { length } = body;
  const source = endable(body.stream);
  let sent = 0;
  // A source of events, say, may wait for its next piece for ever.
  sink.onAbort = () => void source.return().catch(() => {});
  try {
    for await (const piece of source) {
      if (sink.closed) throw new ClientGone();
      if (!(piece instanceof Uint8Array))
        throw new TypeError(`a piece of content is a ${typeof piece}, not bytes`);
      if (piece.length === 0) continue; // an empty chunk would end the body
      if (length !== undefined && sent + piece.length > length)
        throw new Error(`content longer than its length ${length}`);
      sent += piece.length;
      await sink.write(piece);
    }
  } finally {
    sink.onAbort = undefined;
  }
  if (length !== undefined && sent < length)
    throw new Error(`content shorter than its length: ${sent} of ${length}`);
  return sent;
}

/** The same stream, that can be ended while its next piece is waited for; it is told so once. */
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
