import type { Request } from '../http/message.js';
import type { ClientCertificate } from '../http/tls-connection.js';
import { encodePath, uriText } from '../path/url-path.js';
import type { Exchange } from './exchange.js';

/** A `$name` that directive arguments may use. */
export interface VariableDefinition {
  /** Short description for the documentation. */
  readonly help: string;
  /**
   * Its value for an exchange, where nothing was set by `exchange.setVariable`; empty where there is none. Left out: it
   * has a value only when it is set.
   */
  value?(exchange: Exchange): string | undefined;
}

/** Variables by name without the `$`: lower case words joined with underscores. */
export type VariableTable = Readonly<Record<string, VariableDefinition>>;

/** nginx's names with nginx's meanings. */
export const kernelVariables: VariableTable = {
  args: { help: 'the query, without its question mark', value: queryText },
  content_length: field('content-length'),
  content_type: field('content-type'),
  document_root: {
    help: 'the directory of `root`',
    value: ({ route }) => route.root?.directory,
  },
  host: {
    help: 'the requested host, in lower case and without port; without one, the name of the server',
    value: ({ request, route }) => request.host || route.serverName,
  },
  https: { help: '`on` over TLS, else empty', value: ({ request }) => (request.peer.secure ? 'on' : '') },
  is_args: {
    help: 'a question mark if the request has a query',
    value: ({ request }) => (request.query === '' ? '' : '?'),
  },
  query_string: { help: 'the same as `$args`', value: queryText },
  remote_addr: { help: "the client's address", value: ({ request }) => request.peer.remoteAddress },
  remote_port: { help: "the client's port", value: ({ request }) => String(request.peer.remotePort) },
  request_method: { help: 'the method', value: ({ request }) => request.method },
  request_uri: {
    help: 'path and query as the client sent them',
    value: ({ request }) => originForm(request),
  },
  scheme: { help: '`http` or `https`', value: ({ request }) => (request.peer.secure ? 'https' : 'http') },
  server_addr: {
    help: 'the address that the client connected to',
    value: ({ request }) => request.peer.localAddress,
  },
  server_name: { help: 'the first `server_name`', value: ({ route }) => route.serverName },
  server_port: {
    help: 'the port that the client connected to',
    value: ({ request }) => String(request.peer.localPort),
  },
  server_protocol: {
    help: '`HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`',
    value: ({ request }) => `HTTP/${request.version}`,
  },
  ssl_alpn_protocol: {
    help: 'the protocol that the TLS handshake agreed on: `http/1.1`; empty without one',
    value: tls('alpn'),
  },
  ssl_cipher: { help: 'the cipher suite: `TLS_AES_128_GCM_SHA256`', value: tls('cipher') },
  ssl_client_fingerprint: {
    help: "SHA-1 of the client's certificate, in hexadecimal",
    value: clientCertificate('fingerprint'),
  },
  ssl_client_i_dn: {
    help: "the authority of the client's certificate (RFC 2253)",
    value: clientCertificate('issuer'),
  },
  ssl_client_s_dn: {
    help: "the owner of the client's certificate (RFC 2253)",
    value: clientCertificate('subject'),
  },
  ssl_client_serial: {
    help: "the serial number of the client's certificate, in hexadecimal",
    value: clientCertificate('serial'),
  },
  ssl_client_verify: {
    help: '`SUCCESS`, `FAILED:` with the reason, or `NONE` without a client certificate; empty without TLS',
    value: tls('clientVerify'),
  },
  ssl_protocol: { help: '`TLSv1.2` or `TLSv1.3`; empty without TLS', value: tls('protocol') },
  ssl_server_name: { help: 'the name in the TLS handshake; empty without one', value: tls('serverName') },
  ssl_session_reused: {
    help: '`r` if the TLS session was resumed, `.` if not; empty without TLS',
    value: ({ request: { peer } }) => peer.tls && (peer.tls.sessionReused ? 'r' : '.'),
  },
  uri: {
    help: 'the path, decoded and without dot segments; bytes that are not UTF-8 stay encoded',
    value: ({ request }) => uriText(request.path),
  },
};

/** Names that begin so are read from the request; what follows says what of it. */
export const variablePrefixes: Readonly<
  Record<string, { readonly help: string; value(name: string): (exchange: Exchange) => string }>
> = {
  arg_: { help: 'a parameter of the query, as sent: `$arg_page`', value: (name) => parameter(name) },
  cookie_: { help: 'a cookie: `$cookie_session`', value: (name) => cookie(name) },
  http_: {
    help: 'a header field, in lower case with underscores: `$http_user_agent`',
    value: (name) => {
      const fieldName = name.replaceAll('_', '-');
      return ({ request }) => request.headers.get(fieldName) ?? '';
    },
  },
};

function field(name: string): VariableDefinition {
  return { help: `the header field \`${name}\``, value: ({ request }) => request.headers.get(name) };
}

/**
 * As received, but bytes beyond ASCII are encoded: it may go into a header field. Of a target that names the host too,
 * what follows the host is meant (RFC 9112 §3.2.2).
 */
function originForm({ target, path, query }: Request): string {
  if (target.startsWith('/')) return asciiUri(target);
  return query === '' ? encodePath(path) : `${encodePath(path)}?${asciiUri(query)}`;
}

function tls(
  name: 'alpn' | 'cipher' | 'clientVerify' | 'protocol' | 'serverName',
): (exchange: Exchange) => string | undefined {
  return ({ request }) => request.peer.tls?.[name];
}

function clientCertificate(name: keyof ClientCertificate): (exchange: Exchange) => string | undefined {
  return ({ request }) => request.peer.tls?.clientCertificate?.[name];
}

function queryText({ request }: Exchange): string {
  return asciiUri(request.query);
}

/**
 * A target or query in which bytes beyond ASCII are percent-encoded: that changes no meaning, while a text that is made
 * with the value could not tell its bytes from characters.
 */
function asciiUri(text: string): string {
  return text.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

function parameter(name: string): (exchange: Exchange) => string {
  return ({ request }) => asciiUri(firstOf(request.query.split('&'), name) ?? '');
}

function cookie(name: string): (exchange: Exchange) => string {
  return ({ request }) => firstOf(request.headers.get('cookie')?.split(/; */) ?? [], name) ?? '';
}

/** The first pair of the name counts. */
function firstOf(pairs: readonly string[], name: string): string | undefined {
  const start = `${name}=`;
  return pairs.find((pair) => pair.startsWith(start))?.slice(start.length);
}
