import { isIPv6 } from 'node:net';
import { COLON, DOT, hexValue, isHostName, PERCENT } from './characters.js';

/** An authority without user information (RFC 3986 §3.2): `example.org:8080`, `[::1]`. */
export interface Authority {
  /** Lower case, without a trailing dot; an IPv6 address keeps its brackets. */
  readonly host: string;
  /** undefined if none is given, or an empty one (`example.org:`). */
  readonly port: number | undefined;
}

/**
 * IP-literal of RFC 3986 §3.2.2, without IPvFuture, which no client uses, and without a zone, which is only valid on
 * its own machine.
 */
function isIpLiteral(host: string): boolean {
  const address = host.slice(1, -1);
  return isIPv6(address) && !address.includes('%');
}

/**
 * Parses the value of Host, or an authority in a target. An empty host is malformed (RFC 9110 §4.2.1). As in nginx, the
 * trailing dot of a fully qualified name (`example.org.`) is removed, and two dots in a row are malformed.
 * @returns undefined if it is malformed
 */
export function parseAuthority(text: string): Authority | undefined {
  const hostEnd = endOfHost(text);
  const nameEnd = text.charCodeAt(hostEnd - 1) === DOT ? hostEnd - 1 : hostEnd;
  if (nameEnd <= 0) return undefined;
  const host = text.slice(0, nameEnd).toLowerCase();
  if (host.charCodeAt(0) === 0x5b && !isIpLiteral(host)) return undefined;
  if (hostEnd === text.length) return { host, port: undefined };
  const digits = text.slice(hostEnd + 1);
  if (digits === '') return { host, port: undefined };
  if (digits.length > 5) return undefined;
  let port = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    port = port * 10 + digit;
  }
  return port <= 65535 ? { host, port } : undefined;
}

/** Index of the colon before the port, or the text's length; -1 if a host cannot contain some character. */
function endOfHost(text: string): number {
  if (text.charCodeAt(0) === 0x5b) {
    const end = text.indexOf(']') + 1;
    return end === text.length || text.charCodeAt(end) === COLON ? end : -1;
  }
  let previous = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === COLON) return index;
    if (code === DOT && previous === DOT) return -1;
    previous = code;
    if (code === PERCENT) {
      if (hexValue[text.charCodeAt(index + 1)] === 255 || hexValue[text.charCodeAt(index + 2)] === 255)
        return -1;
      if (index + 2 >= text.length) return -1;
      index += 2;
    } else if (isHostName[code] !== 1) {
      return -1;
    }
  }
  return text.length;
}
