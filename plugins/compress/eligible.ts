import type { Exchange, Response, ResponseHeaders } from '@webserv/server';

/** Which answers are compressed at all. */
export interface Eligibility {
  /** Media types, or `text/*`. */
  readonly types: readonly string[];
  /** Bytes. */
  readonly minLength: number;
}

export function fieldOf(headers: ResponseHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

/** Of a known media type, quickly: answers repeat. */
export function typeMatcher(types: readonly string[]): (contentType: string) => boolean {
  const exact = new Set(types.filter((type) => !type.endsWith('/*')).map((type) => type.toLowerCase()));
  const families = types.filter((type) => type.endsWith('/*')).map((type) => type.slice(0, -1).toLowerCase());
  return (contentType) => {
    const end = contentType.indexOf(';');
    const type = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
    return exact.has(type) || families.some((family) => type.startsWith(family));
  };
}

/** Statuses whose content is a part, or says something about the stored one's (RFC 9110 §15.3.7). */
const LEFT_ALONE: ReadonlySet<number> = new Set([204, 205, 206, 304, 416]);

/** Whether who asks otherwise could get this answer compressed: then it varies by Accept-Encoding. */
export function mayCompress(response: Response, matches: (contentType: string) => boolean): boolean {
  const { status, headers, body } = response;
  if (body === undefined || LEFT_ALONE.has(status)) return false;
  const type = fieldOf(headers, 'content-type');
  if (type === undefined || !matches(type)) return false;
  if (fieldOf(headers, 'content-encoding') !== undefined) return false;
  // RFC 9111 §5.2.2.6: whoever made it wants it as it is.
  return !/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(fieldOf(headers, 'cache-control') ?? '');
}

/** Bytes of content; undefined for a stream that does not say. */
export function lengthOf({ body, headers }: Response): number | undefined {
  if (body === undefined) return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof Uint8Array) return body.length;
  if ('file' in body) return body.end - body.start;
  const declared = fieldOf(headers, 'content-length');
  return declared === undefined ? undefined : Number(declared);
}

/** Ranges are of the content as it is: who asks for one is not to get anything else. */
export function asksForPart({ request }: Exchange): boolean {
  return request.headers.has('range');
}
