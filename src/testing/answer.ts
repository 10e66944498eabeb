/** An answer as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Undone from its chunks. */
  readonly content: Buffer;
  /** False when the connection was lost before all of it had come. */
  readonly complete: boolean;
}

const HEAD_END = '\r\n\r\n';

/**
 * Reads what a server sent until it closed the connection.
 * @param method what it was asked: an answer to HEAD has no content
 * @throws Error when that is no answer
 */
export function readAnswer(received: Buffer, method: string): Answer {
  const end = received.indexOf(HEAD_END);
  const [statusLine = '', ...lines] = received.toString('latin1', 0, Math.max(0, end)).split('\r\n');
  const [, code] = /^HTTP\/1\.1 (\d{3}) /.exec(`${statusLine} `) ?? [];
  if (end === -1 || code === undefined) {
    throw new Error(
      `the server closed the connection and sent no answer but ${JSON.stringify(String(received))}`,
    );
  }
  const status = Number(code);
  const rest = received.subarray(end + HEAD_END.length);
  if (status < 200) return readAnswer(rest, method);
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

/** The answer that ends where its content has a text for the first time; undefined as long as it has not. */
export function readAnswerUntil(received: Buffer, method: string, text: string): Answer | undefined {
  if (!received.includes(HEAD_END)) return undefined;
  const answer = readAnswer(received, method);
  const at = answer.content.indexOf(text);
  if (at === -1) return undefined;
  return { ...answer, content: answer.content.subarray(0, at + Buffer.byteLength(text)), complete: true };
}

/** RFC 9112 §7.1; the server sends no extensions and no trailer. */
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
