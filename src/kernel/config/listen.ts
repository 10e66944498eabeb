import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { resolve } from 'node:path';
import { domainToASCII } from 'node:url';
import type { Listen } from './config.js';
import { type Argument, ArgumentError, type DirectiveUse, type Scope } from './schema.js';

/** `listen` and `server_name`: where a server is, and what it is called. */

/** What sun_path holds on Linux, less its final NUL. */
const MAX_SOCKET_PATH = 107;

/** @throws ArgumentError */
export function readListen(use: DirectiveUse, scope: Scope): Listen {
  const [address, parameter] = use.arguments;
  if (address === undefined) throw new ArgumentError('an address is missing');
  if (parameter !== undefined && parameter.text !== 'default_server') {
    throw new ArgumentError(`unknown parameter "${parameter.text}"`, {
      argument: parameter,
      hint: parameterHint(parameter.text),
    });
  }
  const common = { isDefault: parameter !== undefined, place: address.place };
  if (address.text.startsWith('unix:')) {
    return { kind: 'unix', path: readSocketPath(address, scope), ...common };
  }
  return { kind: 'tcp', ...readTcpAddress(address), ...common };
}

function parameterHint(text: string): string {
  if (/^\d+$/.test(text)) return 'one address a "listen"; write a second one for another';
  if (text === 'ssl' || text === 'http2' || text === 'quic') return 'TLS and HTTP/2 are not served';
  return 'only "default_server" may follow the address';
}

function readSocketPath(word: Argument, scope: Scope): string {
  const path = word.text.slice('unix:'.length);
  if (path === '') throw new ArgumentError('a path is missing after "unix:"', { argument: word });
  const absolute = resolve(scope.base, path);
  if (Buffer.byteLength(absolute) > MAX_SOCKET_PATH) {
    throw new ArgumentError(`the path of a socket has at most ${MAX_SOCKET_PATH} bytes`, { argument: word });
  }
  return absolute;
}

function readTcpAddress(word: Argument): { readonly host: string; readonly port: number } {
  const { text } = word;
  const colon = text.lastIndexOf(':');
  const isOnlyPort = /^\d+$/.test(text);
  const host = isOnlyPort ? '0.0.0.0' : hostOf(text.slice(0, Math.max(colon, 0)));
  const port = /^\d{1,5}$/.test(text.slice(colon + 1)) ? Number(text.slice(colon + 1)) : Number.NaN;
  if (host === undefined || !(port <= 65_535)) {
    throw new ArgumentError(
      `expected a port, ADDRESS:PORT or unix:PATH, such as 8080, 127.0.0.1:8080 or [::1]:8080, got "${text}"`,
      { argument: word },
    );
  }
  return { host, port };
}

/** The address in the one form in which equal ones are equal strings. */
function hostOf(text: string): string | undefined {
  if (text === '*') return '0.0.0.0';
  if (text === 'localhost') return '127.0.0.1';
  if (isIPv4(text)) return text;
  const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : '';
  return isIPv6(inner) ? new SocketAddress({ address: inner, family: 'ipv6' }).address : undefined;
}

/** The same string for the same address. */
export function addressOf(listen: Listen): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  return listen.host.includes(':') ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`;
}

const LABELS = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/** @throws ArgumentError */
export function readServerName(word: Argument): string {
  const name = word.text.toLowerCase();
  const wildcard = name.startsWith('*.');
  const host = wildcard ? name.slice(2) : name;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  const ascii = /^[\x00-\x7f]*$/.test(host) ? host : domainToASCII(host);
  const isLiteral = !wildcard && ascii.startsWith('[') && ascii.endsWith(']') && isIPv6(ascii.slice(1, -1));
  if (ascii.length <= 253 && (isLiteral || LABELS.test(ascii))) return wildcard ? `*.${ascii}` : ascii;
  throw new ArgumentError(
    `expected a host name such as example.org, or *.example.org for all below it, got "${word.text}"`,
    { argument: word, hint: nameHint(name) },
  );
}

function nameHint(name: string): string {
  if (name.startsWith('~')) return 'there are no regular expressions here: list the names';
  if (name.startsWith('.')) return `write both: ${name.slice(1)} *${name}`;
  if (name.includes(':')) return 'the port belongs in "listen"';
  return 'letters, digits, dashes and dots; "*." only in front';
}
