import { type DecodedPath, decodeTargetPath } from '../path/url-path.js';
import { ASTERISK, SLASH } from './characters.js';
import { HttpError } from './errors.js';
import type { FieldLines } from './fields.js';
import { type Authority, parseAuthority } from './host.js';

/** The parts of a request that determine its target. */
export interface TargetedRequest {
  readonly method: string;
  /** As received. */
  readonly target: string;
  /** Index after the question mark where the query begins; -1 without one. */
  readonly queryStart: number;
  readonly version: '1.0' | '1.1';
  readonly fields: Pick<FieldLines, 'single' | 'has'>;
}

/** The target of a request (RFC 9112 §3.2, §3.3). */
export interface Target {
  readonly path: DecodedPath;
  readonly query: string;
  /** Lower case, without port; empty if an HTTP/1.0 client sent none. */
  readonly host: string;
  /** The target's authority as written, if it has one: it replaces Host (RFC 9112 §3.2.2). */
  readonly authority?: string;
}

function bad(reason: string): HttpError {
  return new HttpError(400, { reason });
}

/**
 * Determines path and host from the form of the request-target and the Host field.
 * @param secure whether the connection uses TLS
 * @throws HttpError 400 for a form that the method does not allow, and for an invalid or missing Host; 421 for an
 *   `https` target received without TLS
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

/** CONNECT names the end of a tunnel. It is rejected later, like any method that the route does not allow. */
function authorityForm(head: TargetedRequest, host: Authority | undefined): Target {
  const authority = parseAuthority(head.target);
  if (authority?.port === undefined) throw bad('invalid request target');
  return originForm('/', -1, host?.host ?? authority.host);
}

/** Its authority replaces Host, which is ignored even if it differs (RFC 9112 §3.2.2). */
function absoluteForm(head: TargetedRequest, secure: boolean): Target {
  const match = /^(https?):\/\/([^/?]*)/i.exec(head.target);
  const scheme = match?.[1]?.toLowerCase();
  const authority = match?.[2] ?? '';
  const { host } = parseAuthority(authority) ?? {};
  // RFC 3986 §3.2.2 allows escapes in a name, but DNS names have none: an escaped path could pose as a host.
  const isEscaped = authority.includes('%');
  if (match === null || scheme === undefined || host === undefined || isEscaped)
    throw bad('invalid request target');
  // RFC 9110 §7.4: an origin must not serve `https` over a connection that is not secured.
  if (scheme === 'https' && !secure)
    throw new HttpError(421, { reason: 'https target on a connection without TLS' });
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
