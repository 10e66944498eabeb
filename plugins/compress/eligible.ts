import type { Exchange, Response } from '@webserv/server';
import { fieldOf } from './fields.js';

export type TypeMatcher = (contentType: string) => boolean;

/** @param types media types in any case, or `text/*` */
export function typeMatcher(types: readonly string[]): TypeMatcher {
  const exact = new Set(types.filter((type) => !type.endsWith('/*')).map((type) => type.toLowerCase()));
  const families = types.filter((type) => type.endsWith('/*')).map((type) => type.slice(0, -1).toLowerCase());
  return (contentType) => {
    const end = contentType.indexOf(';');
    const type = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
    return exact.has(type) || families.some((family) => type.startsWith(family));
  };
}

/** Statuses without content, or with partial content (RFC 9110 §15.3.7). */
const LEFT_ALONE: ReadonlySet<number> = new Set([204, 205, 206, 304, 416]);

function mayTransform({ headers }: Response): boolean {
  if (fieldOf(headers, 'content-encoding') !== undefined) return false;
  // RFC 9111 §5.2.2.6: the origin of the response forbids transforming it.
  return !/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(fieldOf(headers, 'cache-control') ?? '');
}

/** Whether some client could get this response compressed: then it varies by Accept-Encoding. */
export function mayCompress(response: Response, { request }: Exchange, matches: TypeMatcher): boolean {
  const { status, headers, body } = response;
  if (LEFT_ALONE.has(status)) return false;
  // A response to HEAD may omit the body it describes.
  if (body === undefined && (request.method !== 'HEAD' || headers?.['content-length'] === undefined)) {
    return false;
  }
  const type = fieldOf(headers, 'content-type');
  return type !== undefined && matches(type) && mayTransform(response);
}

/**
 * Whether a 304 or 206 belongs to content that could be compressed: then it must have the same Vary field (RFC 9110
 * §15.3.7, §15.4.5). These responses do not always carry the content type, so the URL's extension determines it.
 */
export function belongsToCompressible(
  response: Response,
  { request, route }: Exchange,
  matches: TypeMatcher,
): boolean {
  const { status, headers } = response;
  if (status !== 304 && status !== 206) return false;
  const own = fieldOf(headers, 'content-type');
  const named = own === undefined || own.startsWith('multipart/byteranges') ? undefined : own;
  const fileName = request.path.endsWith('/') ? 'index.html' : request.path;
  return matches(named ?? route.contentType(fileName)) && mayTransform(response);
}
