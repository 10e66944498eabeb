import { type DecodedPath, decodeTargetPath } from '../path/url-path.js';
import { ASTERISK, SLASH } from './characters.js';
import { HttpError } from './errors.js';
import type { FieldLines } from './fields.js';
import { type Authority, parseAuthority } from './host.js';

/** What of a request says where it is meant to go. */
export interface TargetedRequest {
  readonly method: string;
  /** As received. */
  readonly target: string;
  /** Where the query begins in it, behind the question mark; -1 where there is none. */
  readonly queryStart: number;
  readonly version: '1.0' | '1.1';
  readonly fields: Pick<FieldLines, 'single' | 'has'>;
}

/** Where a request is meant to go (RFC 9112 §3.2, §3.3). */
export interface Target {
  readonly path: DecodedPath;
  readonly query: string;
  /** Lower case, without port; empty when an HTTP/1.0 client sent none. */
  readonly host: string;
  /** The target's authority as written, where it names one: it takes the place of Host (RFC 9112 §3.2.2). */
  readonly authority?: string;
}

function bad(reason: string): HttpError {
  return new HttpError(400, { reason });
}

/**
 * Settles path and host from the request-target's form and the Host field.
 * @param secure whether the connection is
 * @throws HttpError 400 for a form the method does not have, and for a bad or missing Host; 421 for an `https` target that came by an open connection
 */
export function readTarget(head: TargetedRequest, secure: boolean): Target {
  const host = readHost(head);
  const first = head.target.charCodeAt(0);
  if (head.method === 'CONNECT') return authorityForm(head, host);
  if (first === SLASH) return originForm(head.target, head.queryStart, host?.host ?? '');
  if (first === ASTERISK) return asteriskForm(head, host);
  return absoluteForm(head, secure);
}

/** Exactly one valid Host in HTTP/1.1, at most one in 1.0 (RFC 9112 §3.2). */
function readHost(head: TargetedRequest): Authority | undefined {
  const value = head.fields.single('host');
  if (value === undefined) {
    if (head.fields.has('host')) throw bad('more than one Host');
    if (head.version === '1.1') throw bad('missing Host');
    return undefined;
  }
  const authority = parseAuthority(value);
  if (authority === undefined) throw bad('invalid Host');
  return authority;
}

function originForm(target: string, queryStart: number, host: string): Target {
  const raw = queryStart === -1 ? target : target.slice(0, queryStart - 1);
  const path = decodeTargetPath(raw);
  if (path === undefined) throw bad('invalid path');
  return { path, query: queryStart === -1 ? '' : target.slice(queryStart), host };
}

function asteriskForm(head: TargetedRequest, host: Authority | undefined): Target {
  if (head.method !== 'OPTIONS' || head.target !== '*') throw bad('invalid request target');
  return originForm('/', -1, host?.host ?? '');
}

/** CONNECT names a tunnel's end; it is refused later like any method nobody offers. */
function authorityForm(head: TargetedRequest, host: Authority | undefined): Target {
  const authority = parseAuthority(head.target);
  if (authority?.port === undefined) throw bad('invalid request target');
  return originForm('/', -1, host?.host ?? authority.host);
}

/** Its authority counts, and a Host that says something else is ignored (RFC 9112 §3.2.2). */
function absoluteForm(head: TargetedRequest, secure: boolean): Target {
  const match = /^(https?):\/\/([^/?]*)/i.exec(head.target);
  const scheme = match?.[1]?.toLowerCase();
  const authority = match?.[2] ?? '';
  const { host } = parseAuthority(authority) ?? {};
  // RFC 3986 §3.2.2 allows escapes in a name, but no name of DNS has one: what looks like a path would be a host.
  const isEscaped = authority.includes('%');
  if (match === null || scheme === undefined || host === undefined || isEscaped)
    throw bad('invalid request target');
  // RFC 9110 §7.4: an origin must not answer for `https` where nothing vouched for it.
  if (scheme === 'https' && !secure)
    throw new HttpError(421, { reason: 'https target on an open connection' });
  const prefix = match[0].length;
  const rest = head.target.slice(prefix);
  const queryStart = head.queryStart === -1 ? -1 : head.queryStart - prefix;
  // RFC 3986 §6.2.3: an empty path means "/".
  const form =
    rest.charCodeAt(0) === SLASH
      ? originForm(rest, queryStart, host)
      : originForm(`/${rest}`, queryStart === -1 ? -1 : queryStart + 1, host);
  return { ...form, authority };
}
