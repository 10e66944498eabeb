import { HttpError } from './errors.js';
import type { Exchange } from './exchange.js';
import type { Request } from './message.js';
import { encodePath } from './path.js';

/** A directive argument with `$name` or `${name}` in it, compiled once and filled in for each exchange. */
export interface Template {
  /** As written in the configuration. */
  readonly source: string;
  /** True when there is no variable in it. */
  readonly constant: boolean;
  render(exchange: Exchange): string;
}

type Variable = (exchange: Exchange) => string;

/** nginx's names with nginx's meanings. A value that is not there is the empty string. */
const variables: Readonly<Record<string, Variable>> = {
  args: ({ request }) => request.query,
  content_length: ({ request }) => request.headers.get('content-length') ?? '',
  content_type: ({ request }) => request.headers.get('content-type') ?? '',
  host: ({ request, route }) => request.host || route.serverName,
  is_args: ({ request }) => (request.query === '' ? '' : '?'),
  query_string: ({ request }) => request.query,
  remote_addr: ({ request }) => request.peer.remoteAddress,
  remote_port: ({ request }) => String(request.peer.remotePort),
  request_method: ({ request }) => request.method,
  request_uri: ({ request }) => originForm(request),
  scheme: ({ request }) => (request.peer.secure ? 'https' : 'http'),
  server_addr: ({ request }) => request.peer.localAddress,
  server_name: ({ route }) => route.serverName,
  server_port: ({ request }) => String(request.peer.localPort),
  server_protocol: ({ request }) => `HTTP/${request.version}`,
  uri: ({ request }) => request.path,
};

/** As received, but for a target that names the host too: what follows the host is meant (RFC 9112 §3.2.2). */
function originForm({ target, path, query }: Request): string {
  if (target.startsWith('/')) return target;
  return query === '' ? encodePath(path) : `${encodePath(path)}?${query}`;
}

/** `$http_user_agent` is the field User-Agent; any other name is one a plugin may set on the exchange. */
function variable(name: string): Variable {
  const known = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (known !== undefined) return known;
  if (name.startsWith('http_')) {
    const field = name.slice('http_'.length).replaceAll('_', '-');
    return ({ request }) => request.headers.get(field) ?? '';
  }
  return (exchange) => exchange.variable(name) ?? '';
}

/** No CR, LF or NUL of a request may reach a header field through a variable. */
function checked(value: string): string {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code === 0 || code === 10 || code === 13)
      throw new HttpError(400, { reason: 'control character in a variable' });
  }
  return value;
}

/** @param source text in which `$name` and `${name}` are replaced; any other `$` stands for itself */
export function compileTemplate(source: string): Template {
  const parts: (string | Variable)[] = [];
  let end = 0;
  for (const match of source.matchAll(/\$(?:\{(\w+)\}|([a-z_]\w*))/gi)) {
    if (match.index > end) parts.push(source.slice(end, match.index));
    parts.push(variable(match[1] ?? match[2] ?? ''));
    end = match.index + match[0].length;
  }
  if (end < source.length) parts.push(source.slice(end));
  const constant = parts.every((part) => typeof part === 'string');
  return {
    source,
    constant,
    render: constant
      ? () => source
      : (exchange) =>
          parts.map((part) => (typeof part === 'string' ? part : checked(part(exchange)))).join(''),
  };
}
