import { isIPv4 } from 'node:net';

/** `loopback`, a name, or `*.example.org` for every name below it. Names in lower case. */
export type AllowedHost = string;

/** What leads to this machine only (RFC 6761 §6.3, RFC 5735): no DNS server can give these to another machine. */
function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  return isIPv4(host) && host.startsWith('127.');
}

/** @param host lower case, without a port and without a dot at its end; an IPv6 address in brackets */
export function isAllowed(host: string, allowed: readonly AllowedHost[]): boolean {
  return allowed.some((one) => {
    if (one === 'loopback') return isLoopback(host);
    return one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one;
  });
}
