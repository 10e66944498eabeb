import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** A name that a certificate is for (RFC 5280 §4.2.1.6). */
export type SubjectName =
  /** Lower case, in ASCII, without the dot at the end; `*.` in front for one label. */
  | { readonly kind: 'dns'; readonly name: string }
  /** 4 or 16 bytes. */
  | { readonly kind: 'address'; readonly bytes: Buffer };

/** Clients refuse a certificate message of more than 100 KiB, and OpenSSL's servers do not send one. */
const MAX_NAMES = 250;
const MAX_LENGTH = 253;
/** An underscore is not allowed in a host name, but in use. */
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DNS_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);

/** Names of a server that has none: the ones that a browser on the same machine uses. */
const LOCAL = ['localhost', '127.0.0.1', '::1'];

/** In nginx's documentation, the name of a server for all other hosts. */
const CATCH_ALL = '_';

/**
 * The names of a certificate, each once, from those of a server: host names, `*.` before a host name, and addresses, of IPv6
 * with or without brackets. A server without a name gets `localhost`, 127.0.0.1 and ::1.
 * @throws Error for text that is not a name, and for more than 250 names
 */
export function subjectNames(written: readonly string[]): readonly SubjectName[] {
  const own = written.filter((name) => name !== CATCH_ALL);
  const names = new Map<string, SubjectName>();
  for (const text of own.length === 0 ? LOCAL : own) {
    const name = subjectName(text);
    names.set(name.kind === 'dns' ? name.name : name.bytes.toString('hex'), name);
  }
  if (names.size > MAX_NAMES)
    throw new Error(`a certificate can have at most ${MAX_NAMES} names, got ${names.size}`);
  return [...names.values()];
}

function subjectName(written: string): SubjectName {
  const [, inBrackets = written] = /^\[(.*)\]$/.exec(written) ?? [];
  if (isIPv4(written)) return { kind: 'address', bytes: Buffer.from(written.split('.').map(Number)) };
  // A zone (`%eth0`) has a meaning on one machine only.
  if (isIPv6(inBrackets) && !inBrackets.includes('%')) return { kind: 'address', bytes: bytesOf(inBrackets) };
  const wildcard = written.startsWith('*.') ? '*.' : '';
  const host = written.slice(wildcard.length).replace(/\.$/, '');
  const name = wildcard + (isAscii(host) ? host.toLowerCase() : domainToASCII(host));
  if (name.length > MAX_LENGTH || !DNS_NAME.test(name))
    throw new Error(`"${written}" is neither a host name nor an IP address`);
  return { kind: 'dns', name };
}

const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** The 16 bytes of an IPv6 address in any of its textual forms (RFC 4291 §2.2). */
function bytesOf(address: string): Buffer {
  const hexadecimal = address.replace(/\d+\.\d+\.\d+\.\d+$/, (ofIPv4) => {
    const [a = 0, b = 0, c = 0, d = 0] = ofIPv4.split('.').map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [before = [], after = []] = hexadecimal.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
