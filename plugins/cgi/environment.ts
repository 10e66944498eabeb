import { isUtf8 } from 'node:buffer';
import { type Exchange, pathText, type Script, type Template } from '@webserv/server';

export interface EnvironmentOptions {
  /** `rest`: PATH_INFO is what follows the script (RFC 3875 §4.1.5); `full`: the whole path; `off`: nothing may follow. */
  readonly pathInfo: 'full' | 'rest' | 'off';
  readonly variables: ReadonlyMap<string, Template>;
}

/** Where scripts find programs. Fixed: nothing of the server's own environment reaches a script. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * What is text in requests is UTF-8. In the C locale, which is the other choice, PHP's escapeshellarg drops such letters,
 * Ruby fails on them, and Python looks for a better locale at each start, which takes it 3 % longer.
 */
const DEFAULT_CHARACTERS = 'C.UTF-8';

/**
 * Fields that never become `HTTP_*`: those with a variable of their own, those about the connection (RFC 3875 §4.1.18),
 * the proxy's secret, and `Proxy`, whose variable HTTP clients inside a script would obey (CVE-2016-5385).
 */
const WITHHELD = new Set([
  'connection',
  'content-length',
  'content-type',
  'keep-alive',
  'proxy',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A name with any other character, the underscore first of all, could become another field's variable. */
const PLAIN_NAME = /^[A-Za-z0-9-]+$/;

/**
 * A field's bytes as text for the environment, which Node writes as UTF-8: bytes that are UTF-8 arrive unchanged,
 * others are taken for ISO 8859-1 and converted (RFC 3875 §4.1.18 lets the server change the representation).
 */
function environmentText(value: string): string {
  if (!/[\u0080-\u00ff]/.test(value) || /[\u0100-\uffff]/.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}

/**
 * A URL or a part of one: its bytes arrive unchanged where they are UTF-8; others are percent-encoded, which means the same
 * to who decodes it.
 */
function environmentUri(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[\u0100-\uffff]/.test(text)) return text;
  const bytes = Buffer.from(text, 'latin1');
  if (isUtf8(bytes)) return bytes.toString();
  return text.replace(/[\u0080-\u00ff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The path and query the client asked for, also where it sent a whole URL. */
function requestUri({ request }: Exchange): string {
  const target = request.target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  return environmentUri(target === '' || target.startsWith('?') ? `/${target}` : target);
}

/** RFC 3875 §4.1.14: an IPv6 address stands in brackets. */
function serverName({ request, route }: Exchange): string {
  const { localAddress } = request.peer;
  const address = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return request.host || route.serverName || address || 'localhost';
}

/** What identifies the script and the resource it is asked for. */
function pathVariables(exchange: Exchange, script: Script, pathInfo: string): Record<string, string> {
  const { route } = exchange;
  const documentRoot = route.root?.directory ?? '';
  const found: Record<string, string> = {
    DOCUMENT_ROOT: documentRoot,
    PATH_INFO: pathInfo,
    SCRIPT_FILENAME: script.file,
    SCRIPT_NAME: pathText(script.path),
  };
  if (pathInfo !== '') {
    const { request } = exchange;
    const inside = pathInfo === pathText(request.path) ? route.resolve(request.path) : undefined;
    found.PATH_TRANSLATED = inside ?? documentRoot + pathInfo;
  }
  return found;
}

function connectionVariables({ request }: Exchange): Record<string, string> {
  const { peer } = request;
  const found: Record<string, string> = {
    REMOTE_ADDR: peer.remoteAddress || 'unix:',
    REMOTE_HOST: peer.remoteAddress || 'unix:',
    REMOTE_PORT: String(peer.remotePort),
    SERVER_ADDR: peer.localAddress,
    SERVER_PORT: String(peer.localPort || (peer.secure ? 443 : 80)),
    REQUEST_SCHEME: peer.secure ? 'https' : 'http',
  };
  if (peer.secure) found.HTTPS = 'on';
  return found;
}

/** Present only when the request has content (RFC 3875 §4.1.2); `Content-Length: 0` is content of no bytes. */
function contentVariables({ request }: Exchange, size: number): Record<string, string> {
  const found: Record<string, string> = {};
  const declared = request.body.length !== 0 || /^0+$/.test(request.headers.get('content-length') ?? '');
  if (declared) found.CONTENT_LENGTH = String(size);
  const type = request.headers.get('content-type');
  if (type !== undefined) found.CONTENT_TYPE = environmentText(type);
  return found;
}

/** Who the server found the client to be; plugins that authenticate set the exchange's variables. */
function identityVariables(exchange: Exchange): Record<string, string> {
  const user = exchange.variable('remote_user');
  if (user === undefined) return {};
  return { AUTH_TYPE: exchange.variable('auth_type') ?? '', REMOTE_USER: environmentText(user) };
}

function fieldVariables(exchange: Exchange): Record<string, string> {
  const { headers } = exchange.request;
  const authenticated = exchange.variable('remote_user') !== undefined;
  const found: Record<string, string> = {};
  for (const name of new Set(Array.from(headers, ([field]) => field))) {
    if (WITHHELD.has(name) || !PLAIN_NAME.test(name)) continue;
    // Credentials the server has checked are its own; those it does not know are for the script to check.
    if (name === 'authorization' && authenticated) continue;
    const value = headers.get(name);
    if (value !== undefined) {
      found[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = environmentText(value);
    }
  }
  return found;
}

/** The status of the error for whose page the script runs, be it that the page forwards to it. */
function errorBehind(exchange: Exchange): number | undefined {
  const { errorStatus, origin } = exchange;
  return errorStatus ?? (origin === undefined ? undefined : errorBehind(origin));
}

/**
 * The environment of a script: the meta-variables of RFC 3875 §4.1, what servers add by custom, and the
 * configuration's own, which win. Nothing is inherited.
 * @param contentSize bytes on the script's standard input
 */
export function environment(
  exchange: Exchange,
  script: Script,
  contentSize: number,
  options: EnvironmentOptions,
): Readonly<Record<string, string>> {
  const { request } = exchange;
  const pathInfo = pathText(options.pathInfo === 'full' ? request.path : script.extraPath);
  const configured = Array.from(options.variables, ([name, value]): [string, string] => [
    name,
    environmentText(value.render(exchange)),
  ]);
  return {
    ...fieldVariables(exchange),
    PATH: DEFAULT_PATH,
    LC_CTYPE: DEFAULT_CHARACTERS,
    GATEWAY_INTERFACE: 'CGI/1.1',
    QUERY_STRING: environmentUri(request.query),
    // php-cgi runs nothing without it (cgi.force_redirect); for an error page it tells which error.
    REDIRECT_STATUS: String(errorBehind(exchange) ?? 200),
    REQUEST_METHOD: request.method,
    REQUEST_URI: requestUri(exchange),
    SERVER_NAME: serverName(exchange),
    SERVER_PROTOCOL: `HTTP/${request.version}`,
    SERVER_SOFTWARE: 'webserv',
    ...connectionVariables(exchange),
    ...contentVariables(exchange, contentSize),
    ...identityVariables(exchange),
    ...pathVariables(exchange, script, pathInfo),
    ...Object.fromEntries(configured),
  };
}
