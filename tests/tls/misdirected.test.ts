import type { ConnectionOptions } from 'node:tls';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../free-port.js';
import { Certificates } from './certificates.js';
import { get, handshake } from './client.js';

let made: Certificates;
let server: TestServer;
let client: ConnectionOptions;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('both', ['a.test', 'b.test']);
  await made.server('other', ['other.test']);
  await made.authority('ca');
  await made.client('client', { issuer: 'ca' });
  client = { cert: await made.read('client.pem'), key: await made.read('client.key') };
  const listen = `listen 127.0.0.1:${await freePort()} ssl;`;
  const pair = (name: string): string =>
    `ssl_certificate ${made.path(`${name}.pem`)}; ssl_certificate_key ${made.path(`${name}.key`)};`;
  const verify = (mode: string): string =>
    `ssl_verify_client ${mode}; ssl_client_certificate ${made.path('ca.pem')};`;
  server = await startTestServer(`
    server { ${listen} ${pair('both')} server_name default.test; return 200 default; }
    server { ${listen} ${pair('both')} server_name a.test; return 200 a; }
    server { ${listen} ${pair('both')} server_name b.test; return 200 b; }
    server { ${listen} ${pair('other')} server_name other.test; return 200 other; }
    server { ${listen} ${pair('both')} server_name locked.test; ${verify('on')} return 200 locked; }
    server { ${listen} ${pair('both')} server_name locked2.test; ${verify('on')} return 200 locked2; }
    server { ${listen} ${pair('both')} server_name deeper.test; ${verify('on')} ssl_verify_depth 3; return 200 deeper; }
    server { ${listen} ${pair('both')} server_name maybe.test; ${verify('optional')} return 200 maybe; }`);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await made.remove();
});

describe('421 (RFC 9110 §15.5.20)', () => {
  it.each([
    // Handshake for, Host, status
    ['a.test', 'a.test', 200],
    ['a.test', 'b.test', 200],
    ['a.test', 'A.test:443', 200],
    ['a.test', 'unknown.test', 200],
    ['unknown.test', 'a.test', 200],
    ['a.test', 'other.test', 421],
    ['other.test', 'a.test', 421],
    ['unknown.test', 'other.test', 421],
    ['', 'other.test', 200],
    ['', 'a.test', 200],
    ['a.test', 'locked.test', 421],
    ['', 'locked.test', 421],
    ['unknown.test', 'locked.test', 421],
    ['a.test', 'maybe.test', 421],
    ['', 'maybe.test', 421],
    ['maybe.test', 'locked.test', 421],
    ['maybe.test', 'a.test', 421],
    ['locked.test', 'locked2.test', 200],
    ['locked.test', 'deeper.test', 421],
    ['locked.test', 'a.test', 421],
    ['locked.test', 'LOCKED.test.', 200],
  ])('handshake for %j, Host %s: %d', async (servername, host, status) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const answer = await get(server.port, '/', { ...client, servername, hostField: host, maxVersion });
      expect(answer.status).toBe(status);
    }
  });

  it('is about the target’s authority, where it has one', async () => {
    const bytes = (target: string, host: string): string => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const socket = await handshake(server.port, { servername: 'a.test' });
    const received: string[] = [];
    socket.setEncoding('latin1').on('data', (piece: string) => received.push(piece));
    socket.write(bytes('https://locked.test/', 'a.test') + bytes('https://a.test/', 'locked.test'));
    await expect
      .poll(() => received.join('').match(/HTTP\/1\.1 \d+/g))
      .toEqual(['HTTP/1.1 421', 'HTTP/1.1 200']);
    socket.destroy();
  });

  it('keeps the connection for further requests', async () => {
    const socket = await handshake(server.port, { servername: 'a.test' });
    let received = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      received += piece;
    });
    for (const [host, end] of [
      ['other.test', /421/],
      ['a.test', /\r\n\r\na$/],
    ] as const) {
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await expect.poll(() => received).toMatch(end);
    }
    socket.destroy();
  });
});
