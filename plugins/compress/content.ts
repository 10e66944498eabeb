import { type FileSlice, isFileSlice, type Response, type ResponseBody } from '@webserv/server';
import { fieldOf } from './fields.js';

const PIECE = 64 * 1024;

/** Whether a response's content is in memory. */
export function isBytes({ body }: Response): boolean {
  return typeof body === 'string' || body instanceof Uint8Array;
}

/** Whether all of the content is available without waiting. */
export function isAtHand(body: ResponseBody): boolean {
  return typeof body === 'string' || body instanceof Uint8Array || isFileSlice(body);
}

/**
 * Content length in bytes; undefined for a stream that does not declare it. Without a body, the length declared in a
 * response to HEAD.
 */
export function lengthOf({ body, headers }: Response): number | undefined {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof Uint8Array) return body.length;
  if (body !== undefined && isFileSlice(body)) return body.end - body.start;
  const declared = fieldOf(headers, 'content-length');
  return declared === undefined ? undefined : Number(declared);
}

/** A piece is valid until the next one is requested: all are read into the same memory. */
async function* fileContent({ file, start, end }: FileSlice): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, end - start));
  for (let position = start; position < end; ) {
    const length = await file.read(buffer, Math.min(buffer.length, end - position), position);
    if (length === 0) throw new Error(`${file.path} became shorter while it was sent`);
    position += length;
    yield buffer.subarray(0, length);
  }
}

/** Yields small pieces, so that other work is done between them. */
async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE);
}

export function piecesOf(body: ResponseBody): AsyncIterable<Uint8Array> {
  if (typeof body === 'string') return slices(Buffer.from(body));
  if (body instanceof Uint8Array) return slices(body);
  return isFileSlice(body) ? fileContent(body) : body;
}

/** @throws Error when the file was truncated meanwhile */
export async function readWhole({ file, start, end }: FileSlice): Promise<Uint8Array> {
  const bytes = await file.bytes(start, end);
  if (bytes === undefined) throw new Error(`${file.path} became shorter while it was read`);
  return bytes;
}
