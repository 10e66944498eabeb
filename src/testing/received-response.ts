/** A received response. */
export interface ReceivedResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The body, decoded from chunks. */
  readonly content: Buffer;
  /** False when the connection was lost before the response was complete. */
  readonly complete: boolean;
}

const HEAD_END = '\r\n\r\n';

/**
 * Parses the bytes a server sent until it closed the connection.
 * @param method method of the request: a response to HEAD has no body
 * @throws Error when the bytes are not a response
 */
export function readResponse(received: Buffer, method: string): ReceivedResponse {
  const end = received.indexOf(HEAD_END);
  const [statusLine = '', ...lines] = received.toString('latin1', 0, Math.max(0, end)).split('\r\n');
  const [, code] = /^HTTP\/1\.1 (\d{3}) /.exec(`${statusLine} `) ?? [];
  if (end === -1 || code === undefined) {
    throw new Error(
      `the server closed the connection without a response; it sent ${JSON.stringify(String(received))}`,
    );
  }
  const status = Number(code);
  const rest = received.subarray(end + HEAD_END.length);
  if (status < 200) return readResponse(rest, method);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { status, headers, content: Buffer.alloc(0), complete: true };
  }
  if (headers.get('transfer-encoding') === 'chunked') return { status, headers, ...unchunked(rest) };
  const length = headers.get('content-length');
  return { status, headers, content: rest, complete: length === null || rest.length === Number(length) };
}

/** Returns the response up to the first occurrence of a text in its body; undefined if the text has not arrived yet. */
export function readResponseUntil(
  received: Buffer,
  method: string,
  text: string,
): ReceivedResponse | undefined {
  if (!received.includes(HEAD_END)) return undefined;
  const response = readResponse(received, method);
  const at = response.content.indexOf(text);
  if (at === -1) return undefined;
  return { ...response, content: response.content.subarray(0, at + Buffer.byteLength(text)), complete: true };
}

/** RFC 9112 §7.1; the server sends no chunk extensions and no trailer section. */
function unchunked(bytes: Buffer): { readonly content: Buffer; readonly complete: boolean } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (Number.isNaN(size) || start + size + 2 > bytes.length) {
      return { content: Buffer.concat(pieces), complete: false };
    }
    if (size === 0) return { content: Buffer.concat(pieces), complete: true };
    pieces.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}
