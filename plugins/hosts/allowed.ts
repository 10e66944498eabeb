import { isIPv4 } from 'node:net';

/** `loopback`, a host name, or `*.example.org` for every name below it; in lower case. */
export type AllowedHost = string;

/**
 * Names and addresses of this machine only (RFC 6761 §6.3, RFC 5735): no DNS server can map these to another machine.
 */
function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  return isIPv4(host) && host.startsWith('127.');
}

/** @param host in lower case, without a port or a trailing dot; an IPv6 address in brackets */
export function isAllowed(host: string, allowed: readonly AllowedHost[]): boolean {
  return allowed.some((one) => {
    if (one === 'loopback') return isLoopback(host);
    return one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one;
  });
}
