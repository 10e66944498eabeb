import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { KEEPALIVE_REQUESTS, KEEPALIVE_SECONDS } from '../site.js';
import { logLines } from './log-lines.js';

/**
 * Files from memory over node:http, with the header fields that the other servers send. Its only features are
 * If-None-Match, an error page and an access log: `node node-http-server.ts PORT DIRECTORY [LOG]`.
 */
const [port = '', directory = '', logFile] = process.argv.slice(2);
const log = logFile === undefined ? undefined : logLines(logFile);

interface File {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string | number>>;
}

const files = new Map<string, File>();

async function load(path: string): Promise<void> {
  const bytes = await readFile(join(directory, path));
  files.set(path, {
    bytes,
    headers: {
      'Content-Type': path.endsWith('.html') ? 'text/html' : 'application/octet-stream',
      'Content-Length': bytes.length,
      'Last-Modified': new Date().toUTCString(),
      ETag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`,
      'Accept-Ranges': 'bytes',
    },
  });
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const file = files.get(request.url ?? '');
  if (file === undefined) {
    const page = files.get('/errors/404.html');
    response.writeHead(404, { 'Content-Type': 'text/html', 'Content-Length': page?.bytes.length ?? 0 });
    response.end(page?.bytes);
    logged(request, response, page?.bytes.length ?? 0);
  } else if (request.headers['if-none-match'] === file.headers.ETag) {
    response.writeHead(304, { ETag: file.headers.ETag });
    response.end();
    logged(request, response, 0);
  } else {
    response.writeHead(200, file.headers);
    response.end(file.bytes);
    logged(request, response, file.bytes.length);
  }
}

/** A line in the combined format. */
function logged(request: IncomingMessage, response: ServerResponse, bytes: number): void {
  const { method, url, httpVersion, headers, socket } = request;
  const { referer = '-', 'user-agent': agent = '-' } = headers;
  log?.(
    `${socket.remoteAddress} - - [${new Date().toISOString()}] "${method} ${url} HTTP/${httpVersion}" ` +
      `${response.statusCode} ${bytes} "${referer}" "${agent}"\n`,
  );
}

for (const path of ['/1k.html', '/100k.html', '/10m.bin', '/errors/404.html']) await load(path);
const server = createServer(answer);
server.keepAliveTimeout = KEEPALIVE_SECONDS * 1000;
server.maxRequestsPerSocket = KEEPALIVE_REQUESTS;
server.listen(Number(port), '127.0.0.1', 1024);
