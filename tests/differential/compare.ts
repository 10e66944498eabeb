import type { Answer } from '../wire/answers.js';
import type { Request } from './model.js';

/** A property in which the two responses differ. */
export interface Difference {
  readonly what: string;
  readonly nginx: string | undefined;
  readonly webserv: string | undefined;
}

const RECENT_MS = 120_000;

/** Compares what clients may rely on; each server's own pages may look different. */
export function differencesOf(request: Request, nginx: Answer, webserv: Answer): readonly Difference[] {
  const [theirs, ours] = [described(request, nginx), described(request, webserv)];
  return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])]
    .filter((what) => theirs[what] !== ours[what])
    .map((what) => ({ what, nginx: theirs[what], webserv: ours[what] }));
}

function described({ method }: Request, answer: Answer): Readonly<Record<string, string | undefined>> {
  const { status, fields } = answer;
  const isListing = /<title>Index of |<h1>Index of /.test(answer.content);
  const isOwnPage = status >= 300 && /<center><h1>|<!doctype html>/i.test(answer.content);
  const isRedirect = status >= 300 && status < 400;
  const hasBody =
    method !== 'HEAD' && !isListing && !isOwnPage && !isRedirect && status !== 201 && status !== 204;
  return {
    status: String(status),
    ...(method === 'HEAD' ? { 'body after HEAD': answer.content } : {}),
    location: locationOf(fields.get('location')),
    'www-authenticate': fields.has('www-authenticate') ? 'yes' : undefined,
    ...(isOwnPage ? {} : { 'content-encoding': fields.get('content-encoding') }),
    'content-range': fields.get('content-range')?.replace(/boundary=.*/, ''),
    // RFC 9110 §15.4.5: a 304 with an ETag need not have it.
    ...(status === 200 ? { 'last-modified': lastModifiedOf(fields.get('last-modified')) } : {}),
    ...(status === 200 || status === 206 ? { type: typeOf(fields.get('content-type')) } : {}),
    ...(hasBody
      ? {
          body:
            status === 206 && fields.get('content-type')?.startsWith('multipart/') ? 'parts' : answer.content,
        }
      : {}),
    ...(isListing ? { listing: namesIn(answer.content) } : {}),
  };
}

/** Decodes a location: the servers may encode differently, but the result must be the same. */
function locationOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const path = value.replace(/^http:\/\/[^/]*/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** A file stored during the test has a different time on each server. */
function lastModifiedOf(value: string | undefined): string | undefined {
  const isRecent = value !== undefined && Math.abs(Date.parse(value) - Date.now()) < RECENT_MS;
  return isRecent ? 'just now' : value;
}

const typeOf = (value: string | undefined): string | undefined =>
  value?.replace(/;\s*(?:charset|boundary)=.*/, '');

function namesIn(page: string): string {
  const names = [...page.matchAll(/<a href="([^"?]+)"/g)].map(([, name = '']) =>
    locationOf(name.replace(/^\.\//, '')),
  );
  // A name may contain a line break.
  return names
    .filter((name) => name !== '../' && name !== '/')
    .map((name) => JSON.stringify(name))
    .toSorted()
    .join('\n');
}
