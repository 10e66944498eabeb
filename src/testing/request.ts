/** A request for `inject`; a bare string is the path of a GET. */
export type InjectRequest =
  | string
  | {
      /** GET when left out. */
      readonly method?: string;
      /** As it is sent, percent-encoded, with the query; `/` when left out. */
      readonly path?: string;
      /** `Host` is `localhost` unless it is given; `Connection` and the framing of the content are written for you. */
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      /** An iterable is sent chunked, each of its pieces as one chunk. */
      readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
      /**
       * For an answer without an end, as server-sent events: the client leaves when the content holds this text, and the
       * content up to the end of it is the answer.
       */
      readonly until?: string;
    };

/** A request with everything filled in. */
export interface FullRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** undefined when there is none. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
  /** undefined when all of the answer is waited for. */
  readonly until: string | undefined;
}

/** @throws TypeError for what cannot be written as one request */
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
    if (/[\r\n]/.test(part)) throw new TypeError(`a line break in a request: ${JSON.stringify(part)}`);
  }
  if (!lines.some(([name]) => name.toLowerCase() === 'host')) lines.unshift(['Host', 'localhost']);
  return { method, path, headers: lines, body: typeof body === 'string' ? Buffer.from(body) : body, until };
}

/** The head as it goes on the wire: the server is asked to close behind its answer. */
export function requestHead({ method, path, headers, body }: FullRequest): Uint8Array {
  const lines = [`${method} ${path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (body instanceof Uint8Array) lines.push(`Content-Length: ${body.length}`);
  else if (body !== undefined) lines.push('Transfer-Encoding: chunked');
  lines.push('Connection: close', '', '');
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** The content as it goes on the wire. */
export async function* requestContent({ body }: FullRequest): AsyncGenerator<Uint8Array> {
  if (body === undefined) return;
  if (body instanceof Uint8Array) {
    yield body;
    return;
  }
  for await (const piece of body) {
    if (piece.length === 0) continue; // an empty chunk would end the content
    yield Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
  }
  yield Buffer.from('0\r\n\r\n');
}
