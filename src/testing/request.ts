/** A request for `inject`; a plain string is the path of a GET. */
export type InjectRequest =
  | string
  | {
      /** Default: GET. */
      readonly method?: string;
      /** As sent on the wire: percent-encoded, with the query. Default: `/`. */
      readonly path?: string;
      /** `Host` is `localhost` unless given; `Connection` and the body's framing fields are added. */
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      /** An iterable is sent chunked, a chunk for each of its pieces. */
      readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
      /**
       * For a response without an end, such as server-sent events: the client leaves when the body contains this text.
       * The body is then returned up to the end of the text.
       */
      readonly until?: string;
    };

/** A request with all defaults filled in. */
export interface FullRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** undefined for a request without a body. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
  /** undefined to wait for the whole response. */
  readonly until: string | undefined;
}

/** @throws TypeError for a request that contains line breaks */
export function fullRequest(request: InjectRequest): FullRequest {
  const {
    method = 'GET',
    path = '/',
    headers = {},
    body,
    until,
  } = typeof request === 'string' ? { path: request } : request;
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value] as const),
  );
  for (const part of [method, path, ...lines.flat()]) {
    if (/[\r\n]/.test(part))
      throw new TypeError(`the request contains a line break: ${JSON.stringify(part)}`);
  }
  if (!lines.some(([name]) => name.toLowerCase() === 'host')) lines.unshift(['Host', 'localhost']);
  return { method, path, headers: lines, body: typeof body === 'string' ? Buffer.from(body) : body, until };
}

/** The header section as sent on the wire. It asks the server to close the connection after the response. */
export function requestHead({ method, path, headers, body }: FullRequest): Uint8Array {
  const lines = [`${method} ${path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (body instanceof Uint8Array) lines.push(`Content-Length: ${body.length}`);
  else if (body !== undefined) lines.push('Transfer-Encoding: chunked');
  lines.push('Connection: close', '', '');
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** The body as sent on the wire. */
export async function* requestBody({ body }: FullRequest): AsyncGenerator<Uint8Array> {
  if (body === undefined) return;
  if (body instanceof Uint8Array) {
    yield body;
    return;
  }
  for await (const piece of body) {
    if (piece.length === 0) continue; // an empty chunk would end the body
    yield Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
  }
  yield Buffer.from('0\r\n\r\n');
}
