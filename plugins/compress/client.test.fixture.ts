import type { TestServer } from '@webserv/server/testing';

export const TEXT = 'All work and no play makes a dull page. '.repeat(200);
export const FILES = {
  'www/a.html': TEXT,
  'www/a.txt': TEXT,
  'www/small.txt': 'short',
  'www/photo.jpg': TEXT,
  'www/large.txt': TEXT.repeat(400),
  'www/404.html': TEXT,
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** Returns the encoded body; fetch would decode it. */
export async function get(
  server: TestServer,
  path: string,
  fields: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const lines = Object.entries({ Host: 'a', Connection: 'close', ...fields }).map(
    ([n, v]) => `${n}: ${v}\r\n`,
  );
  const raw = await server.raw(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const end = raw.indexOf('\r\n\r\n');
  const [statusLine = '', ...fieldLines] = raw.slice(0, end).split('\r\n');
  const headers = new Headers(
    fieldLines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  const body = Buffer.from(raw.slice(end + 4), 'latin1');
  const chunked = headers.get('transfer-encoding') === 'chunked';
  return { status: Number(statusLine.split(' ')[1]), headers, bytes: chunked ? unchunked(body) : body };
}

function unchunked(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    if (size === 0) return Buffer.concat(pieces);
    pieces.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

export const gzip = { 'Accept-Encoding': 'gzip' };
export const coding = ({ headers }: Answer): string => headers.get('content-encoding') ?? 'identity';
