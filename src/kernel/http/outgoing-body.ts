import { CompositeBody } from './composite-body.js';
import { type FileSlice, isFileSlice, type Response } from './message.js';

/** A response's body as a protocol sends it, independent of its framing. */
export type OutgoingBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly slice: FileSlice }
  | { readonly kind: 'parts'; readonly parts: CompositeBody['parts']; readonly length: number }
  | {
      readonly kind: 'stream';
      readonly stream: AsyncIterable<Uint8Array>;
      /** Bytes, if the response declares them; undefined if only the stream's end shows it. */
      readonly length: number | undefined;
    };

export const NO_BODY: OutgoingBody = { kind: 'none' };

/** The Content-Length that a plugin declares for a stream, or without a body; in bytes. */
export function declaredLength(response: Response): number | undefined {
  const value = response.headers?.['content-length'];
  if (typeof value !== 'string' || !/^[0-9]{1,15}$/.test(value)) return undefined;
  return Number(value);
}

/** Statuses without content: RFC 9110 §6.4.1, §8.6, §15.3.6, §15.4.5. 204 has no length either. */
export function hasNoContent(status: number): boolean {
  return status === 204 || status === 304 || status === 205;
}

export function outgoingBody(response: Response): OutgoingBody {
  const { body } = response;
  if (body === undefined) return NO_BODY;
  if (typeof body === 'string') return { kind: 'bytes', bytes: Buffer.from(body) };
  if (body instanceof Uint8Array) return { kind: 'bytes', bytes: body };
  if (isFileSlice(body)) return { kind: 'file', slice: body };
  if (body instanceof CompositeBody) return { kind: 'parts', parts: body.parts, length: body.length };
  return { kind: 'stream', stream: body, length: declaredLength(response) };
}
