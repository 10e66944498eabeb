import { type FileSlice, isFileSlice, type Response, type ResponseBody } from '@webserv/server';
import { fieldOf } from './fields.js';

const PIECE = 64 * 1024;

/** Whether an answer's content is in memory. */
export function isBytes({ body }: Response): boolean {
  return typeof body === 'string' || body instanceof Uint8Array;
}

/** Whether all of it is there already, so that nobody has to wait for more. */
export function isAtHand(body: ResponseBody): boolean {
  return typeof body === 'string' || body instanceof Uint8Array || isFileSlice(body);
}

/** Bytes of content; undefined for a stream that does not say. Without a body, what an answer to HEAD declares. */
export function lengthOf({ body, headers }: Response): number | undefined {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof Uint8Array) return body.length;
  if (body !== undefined && isFileSlice(body)) return body.end - body.start;
  const declared = fieldOf(headers, 'content-length');
  return declared === undefined ? undefined : Number(declared);
}

/** A piece holds until the next one is asked for: all are read into the same memory. */
async function* fileContent({ file, start, end }: FileSlice): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, end - start));
  for (let position = start; position < end; ) {
    const length = await file.read(buffer, Math.min(buffer.length, end - position), position);
    if (length === 0) throw new Error(`${file.path} became shorter while it was sent`);
    position += length;
    yield buffer.subarray(0, length);
  }
}

/** Small pieces: whatever is done with one is done in between other work. */
async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE);
}

export function piecesOf(body: ResponseBody): AsyncIterable<Uint8Array> {
  if (typeof body === 'string') return slices(Buffer.from(body));
  if (body instanceof Uint8Array) return slices(body);
  return isFileSlice(body) ? fileContent(body) : body;
}

/** @throws Error when the file has become shorter meanwhile */
export async function readWhole({ file, start, end }: FileSlice): Promise<Uint8Array> {
  const bytes = await file.bytes(start, end);
  if (bytes === undefined) throw new Error(`${file.path} became shorter while it was read`);
  return bytes;
}
