import { isUtf8 } from 'node:buffer';
import { type Exchange, pathText, type Script, type Template } from '@webserv/server';

export interface EnvironmentOptions {
  /**
   * PATH_INFO is, for `rest`, the path after the script (RFC 3875 §4.1.5); for `full`, the whole path; for `off`,
   * empty, and nothing may follow the script.
   */
  readonly pathInfo: 'full' | 'rest' | 'off';
  readonly variables: ReadonlyMap<string, Template>;
}

/** PATH of scripts. It is fixed: nothing of the server's own environment reaches a script. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Text in requests is UTF-8. In the C locale, the alternative, PHP's escapeshellarg drops non-ASCII letters, Ruby fails
 * on them, and Python searches for a better locale at each start, which takes it 3 % longer.
 */
const DEFAULT_CHARACTERS = 'C.UTF-8';

/**
 * Fields that never become `HTTP_*`: those with a variable of their own, those about the connection (RFC 3875 §4.1.18),
 * the proxy's credentials, and `Proxy`, whose variable HTTP clients inside a script would obey (CVE-2016-5385).
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

/** Other characters are rejected, above all the underscore: such a name could produce the variable of another field. */
const PLAIN_NAME = /^[A-Za-z0-9-]+$/;

/**
 * Converts a field's bytes to text, which Node writes into the environment as UTF-8: bytes that are UTF-8 arrive
 * unchanged, others are converted from ISO 8859-1 (RFC 3875 §4.1.18 allows the server to change the representation).
 */
function environmentText(value: string): string {
  if (!/[\u0080-\u00ff]/.test(value) || /[\u0100-\uffff]/.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}

/**
 * Converts a URL or part of one: bytes that are UTF-8 arrive unchanged; others are percent-encoded, which decodes to
 * the same bytes.
 */
function environmentUri(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[\u0100-\uffff]/.test(text)) return text;
  const bytes = Buffer.from(text, 'latin1');
  if (isUtf8(bytes)) return bytes.toString();
  return text.replace(/[\u0080-\u00ff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Returns the path and query that the client requested, even if it sent an absolute URL. */
function requestUri({ request }: Exchange): string {
  const target = request.target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  return environmentUri(target === '' || target.startsWith('?') ? `/${target}` : target);
}

/** RFC 3875 §4.1.14: an IPv6 address is enclosed in brackets. */
function serverName({ request, route }: Exchange): string {
  const { localAddress } = request.peer;
  const address = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return request.host || route.serverName || address || 'localhost';
}

/** Variables that identify the script and the requested resource. */
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

/** Set only when the request has content (RFC 3875 §4.1.2); `Content-Length: 0` is content of zero bytes. */
function contentVariables({ request }: Exchange, size: number): Record<string, string> {
  const found: Record<string, string> = {};
  const declared = request.body.length !== 0 || /^0+$/.test(request.headers.get('content-length') ?? '');
  if (declared) found.CONTENT_LENGTH = String(size);
  const type = request.headers.get('content-type');
  if (type !== undefined) found.CONTENT_TYPE = environmentText(type);
  return found;
}

/** Identity of the client as determined by the server; plugins that authenticate set the exchange's variables. */
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
    // Credentials that the server has checked are withheld; unchecked ones are for the script to check.
    if (name === 'authorization' && authenticated) continue;
    const value = headers.get(name);
    if (value !== undefined) {
      found[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = environmentText(value);
    }
  }
  return found;
}

/** Status of the error whose page the script produces, directly or after a forward. */
function errorBehind(exchange: Exchange): number | undefined {
  const { errorStatus, origin } = exchange;
  return errorStatus ?? (origin === undefined ? undefined : errorBehind(origin));
}

/**
 * Builds the environment of a script: the meta-variables of RFC 3875 §4.1, customary additions of web servers, and the
 * configured variables, which override both. Nothing is inherited.
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
    // Without it php-cgi refuses to run (cgi.force_redirect); on an error page it is the status of the error.
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
