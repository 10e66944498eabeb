import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createSecureServer } from 'node:tls';
import { CERTIFICATE, CERTIFICATE_KEY } from '../content.js';

/**
 * The minimum for a server on Node: one write for each piece of input, which it does not parse. Every server on
 * node:net costs more: `node node-net-server.ts PORT DIRECTORY [CERTIFICATE-DIRECTORY]`.
 */
const [port = '', directory = '', certificates] = process.argv.slice(2);

const content = readFileSync(join(directory, '1k.html'));
const head = (connection: string): string =>
  `HTTP/1.1 200 OK\r\nServer: bare\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/html\r\n` +
  `Content-Length: ${content.length}\r\n${connection}Accept-Ranges: bytes\r\n\r\n`;
const kept = Buffer.concat([Buffer.from(head('')), content]);
const last = Buffer.concat([Buffer.from(head('Connection: close\r\n')), content]);
const CLOSE = Buffer.from('Connection: close');

const serve = (socket: Socket): void => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    if (bytes.includes(CLOSE)) socket.end(last);
    else socket.write(kept);
  });
  socket.on('end', () => socket.end());
};

const options = { allowHalfOpen: true, noDelay: true };
const server =
  certificates === undefined
    ? createServer(options, serve)
    : createSecureServer(
        {
          ...options,
          cert: readFileSync(join(certificates, CERTIFICATE)),
          key: readFileSync(join(certificates, CERTIFICATE_KEY)),
          sessionIdContext: 'bench',
        },
        serve,
      );
server.listen(Number(port), '127.0.0.1', 1024);
