import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/**
 * The minimum for a server on Node: one write for each piece of input, which it does not parse. Every server on
 * node:net costs more: `node node-net-server.ts PORT DIRECTORY`.
 */
const [port = '', directory = ''] = process.argv.slice(2);

const content = readFileSync(join(directory, '1k.html'));
const head = (connection: string): string =>
  `HTTP/1.1 200 OK\r\nServer: bare\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/html\r\n` +
  `Content-Length: ${content.length}\r\n${connection}Accept-Ranges: bytes\r\n\r\n`;
const kept = Buffer.concat([Buffer.from(head('')), content]);
const last = Buffer.concat([Buffer.from(head('Connection: close\r\n')), content]);
const CLOSE = Buffer.from('Connection: close');

createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    if (bytes.includes(CLOSE)) socket.end(last);
    else socket.write(kept);
  });
  socket.on('end', () => socket.end());
}).listen(Number(port), '127.0.0.1', 1024);
