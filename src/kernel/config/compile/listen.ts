import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { resolve } from 'node:path';
import { domainToASCII } from 'node:url';
import type { Listen } from '../../contract/config.js';
import { type Argument, ArgumentError, type DirectiveUse, type Scope } from '../../contract/directive.js';

/** `listen` and `server_name`: where a server is, and what it is called. */

/** Socket parameters of nginx that have no effect here. */
const NGINX_SOCKET =
  /^(?:(?:setfib|fastopen|backlog|rcvbuf|sndbuf|accept_filter|so_keepalive)=.*|deferred|bind|reuseport|multipath)$/;
const IGNORED: readonly (readonly [RegExp, string])[] = [
  [NGINX_SOCKET, 'webserv chooses it by itself'],
  [/^(?:http2|spdy)$/, 'the server speaks HTTP/1.1'],
  [/^ipv6only=on$/, 'an IPv6 address never takes IPv4 connections'],
];

/** Parameters of nginx that do nothing here, each with why. */
export function ignoredParameters(use: DirectiveUse): readonly (readonly [Argument, string])[] {
  const [address, ...parameters] = use.arguments;
  return parameters.flatMap((word) => {
    const why = address !== undefined && isIgnored(word, address) ? whyIgnored(word) : undefined;
    return why === undefined ? [] : [[word, why] as const];
  });
}

function whyIgnored({ text }: Argument): string | undefined {
  return IGNORED.find(([pattern]) => pattern.test(text))?.[1];
}

/** On another line, it is a directive, and the semicolon before it is missing. */
function isIgnored(word: Argument, address: Argument): boolean {
  return word.place.line === address.place.line && whyIgnored(word) !== undefined;
}

const PARAMETERS: ReadonlySet<string> = new Set(['default_server', 'ssl']);

/** Capacity of sun_path on Linux without its final NUL. */
const MAX_SOCKET_PATH = 107;

/** @throws ArgumentError */
export function readListen(use: DirectiveUse, scope: Scope): Listen {
  const [address, ...parameters] = use.arguments;
  if (address === undefined) throw new ArgumentError('an address is missing');
  const meant = parameters.filter((word) => !isIgnored(word, address));
  const unknown = meant.find(({ text }) => !PARAMETERS.has(text));
  if (unknown !== undefined) {
    throw new ArgumentError(`unknown parameter "${unknown.text}"`, {
      argument: unknown,
      hint: parameterHint(unknown, address),
    });
  }
  const again = meant.find(({ text }, index) => meant.findIndex((other) => other.text === text) < index);
  if (again !== undefined) throw new ArgumentError(`"${again.text}" is given twice`, { argument: again });
  const has = (parameter: string): boolean => meant.some(({ text }) => text === parameter);
  const common = { isDefault: has('default_server'), tls: has('ssl'), place: address.place };
  if (address.text.startsWith('unix:')) {
    return { kind: 'unix', path: readSocketPath(address, scope), ...common };
  }
  return { kind: 'tcp', ...readTcpAddress(address), ...common };
}

function parameterHint({ text, place }: Argument, address: Argument): string {
  if (place.line > address.place.line) return `is ";" missing at the end of line ${address.place.line}?`;
  if (/^\d+$/.test(text)) return 'one address a "listen"; write a second one for another';
  if (text === 'quic') return 'HTTP/3 is not supported: write "ssl" for TLS over TCP';
  if (text === 'proxy_protocol') return 'remove it: the address of a client is that of its connection';
  if (text === 'default') return 'write "default_server"';
  if (text === 'ipv6only=off') return 'remove it, and add another "listen" for IPv4: listen 8080;';
  return 'only "default_server" and "ssl" may follow the address';
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
  const hint = addressHint(text.slice(0, Math.max(colon, 0)));
  if (hint !== undefined) {
    throw new ArgumentError(`"${text}" is not an address to listen on`, { argument: word, hint });
  }
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

/** Well-formed addresses that no server socket can have. */
function addressHint(host: string): string | undefined {
  const inner = /^\[(.*)\]$/.exec(host)?.[1] ?? '';
  if (!isIPv6Address(inner)) return undefined;
  if (inner.includes('%')) return 'an address with a zone (%eth0) cannot be listened on; write [::]:PORT';
  const { address } = new SocketAddress({ address: inner, family: 'ipv6' });
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [];
  return mapped === undefined ? undefined : `it is an IPv4 address: write ${mapped}:PORT`;
}

/** Node compiles its pattern for IPv6 at the first use, which takes 6 ms: most servers have IPv4 addresses only. */
function isIPv6Address(text: string): boolean {
  return text.includes(':') && isIPv6(text);
}

/** The address in the one form in which equal ones are equal strings. */
function hostOf(text: string): string | undefined {
  if (text === '*') return '0.0.0.0';
  if (text === 'localhost') return '127.0.0.1';
  if (isIPv4(text)) return text;
  const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : '';
  return isIPv6Address(inner) ? new SocketAddress({ address: inner, family: 'ipv6' }).address : undefined;
}

/** The same string for the same address. */
export function addressOf(listen: Listen): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  return listen.host.includes(':') ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`;
}

const LABELS = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/** @throws ArgumentError */
export function readServerName(word: Argument): string {
  // A fully qualified name's dot is taken off, as that of a request's Host is.
  const name = word.text.toLowerCase().replace(/(?<=[^.])\.$/, '');
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
  if (name.startsWith('~')) return 'regular expressions are not supported: list the names';
  if (name.startsWith('.')) return `write both: ${name.slice(1)} *${name}`;
  if (name.includes(':')) return 'the port belongs in "listen"';
  return 'letters, digits, dashes and dots; "*." only in front';
}
