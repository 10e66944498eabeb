import { isIPv4 } from 'node:net';
import type { Exchange, Response } from '@webserv/server';
import type { StrictTransport } from './hsts.js';

const NAME = 'strict-transport-security';

/** Browsers ignore the field for addresses (RFC 6797 §8.1.1); for localhost it would lock out the developer's other servers. */
function isBound(host: string): boolean {
  if (host === '' || host === 'localhost' || host.endsWith('.localhost')) return false;
  return !host.startsWith('[') && !isIPv4(host);
}

/** Names may be in any spelling: the server writes them without regard to it. */
function hasField({ headers = {} }: Response): boolean {
  for (const name in headers) if (name.length === NAME.length && name.toLowerCase() === NAME) return true;
  return false;
}

function withField(response: Response, field: string): Response {
  return hasField(response) ? response : { ...response, headers: { ...response.headers, [NAME]: field } };
}

/**
 * Returns the tap that adds the field to responses over TLS. Each frozen response gets one frozen result, so that the
 * server caches its serialized form.
 */
export function addStrictTransport({
  field,
}: StrictTransport): (response: Response, exchange: Exchange) => Response {
  const known = new WeakMap<Response, Response>();
  return (response, { request: { host, peer } }) => {
    // RFC 6797 §7.2: never over plain HTTP.
    if (!peer.secure || !isBound(host)) return response;
    if (!Object.isFrozen(response)) return withField(response, field);
    const made = known.get(response) ?? Object.freeze(withField(response, field));
    known.set(response, made);
    return made;
  };
}
