import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Recorder, recorder } from '../wire/recorder.js';
import { Certificates } from './certificates.js';
import { get, handshake } from './client.js';
import { type Layers, layers, unchanged } from './reshaped.js';

let made: Certificates;
let server: TestServer;
let requests: Recorder['requests'];
let before = 0;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test']);
  const recording = recorder();
  requests = recording.requests;
  server = await startTestServer(
    `server { listen 127.0.0.1:0 ssl; root .;
       ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')}; }`,
    { 'big.bin': 'x'.repeat(8_000_000) },
    { plugins: [recording.plugin] },
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await made.remove();
});
beforeEach(() => {
  before = requests.length;
});

/** All that is received until the server ends its side. */
function reading({ secure }: Pick<Layers, 'secure'>): { text: string; readonly ended: Promise<unknown> } {
  const read = {
    text: '',
    ended: new Promise((resolve) => secure.once('end', resolve).once('close', resolve)),
  };
  secure.setEncoding('latin1').on('data', (piece: string) => {
    read.text += piece;
  });
  secure.on('error', () => {});
  return read;
}

/** Content types of the TLS records in bytes. */
function recordTypes(bytes: Buffer): readonly (number | undefined)[] {
  const types: (number | undefined)[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) types.push(bytes[at]);
  return types;
}

const ALERT = 21;
const POST = 'POST /x HTTP/1.1\r\nHost: a.test\r\n';

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (maxVersion) => {
  const opened = (): Promise<Layers> => layers(server.port, unchanged, { maxVersion });

  describe('a body that is cut without close_notify', () => {
    it.each([
      ['a length', `${POST}Content-Length: 10\r\n\r\nhalf`],
      ['chunks', `${POST}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`],
      ['chunks, at the end of the last one', `${POST}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n`],
      ['the start of its header section', POST],
    ])('is not complete, with %s', async (_framing, bytes) => {
      for (const cut of ['end', 'resetAndDestroy'] as const) {
        const client = await opened();
        const read = reading(client);
        await new Promise((resolve) => client.secure.write(bytes, resolve));
        await sleep(50);
        client.raw[cut]();
        await read.ended;
        expect(read.text).not.toMatch(/^HTTP\/1\.1 2/);
        client.secure.destroy();
      }
      expect(requests.slice(before)).toEqual([]);
    });

    it('is complete when all of it came', async () => {
      const client = await opened();
      const read = reading(client);
      await new Promise((resolve) => client.secure.write(`${POST}Content-Length: 4\r\n\r\nbody`, resolve));
      client.raw.end();
      await read.ended;
      expect(read.text).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\nbody$/);
      client.secure.destroy();
    });
  });

  it('a client that has sent close_notify still gets its response', async () => {
    for (const endsSocket of [true, false]) {
      const client = await opened();
      client.stream.endsSocket = endsSocket;
      const read = reading(client);
      client.secure.end(`${POST}Content-Length: 4\r\n\r\nbody`);
      await read.ended;
      expect(read.text).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\nbody$/);
      client.secure.destroy();
    }
  });

  it('a connection ends with close_notify', async () => {
    const client = await opened();
    const read = reading(client);
    client.secure.write('GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
    await read.ended;
    const types = recordTypes(Buffer.concat(client.stream.received));
    // TLS 1.3 hides the type: an alert is a record of its own there.
    if (maxVersion === 'TLSv1.2') expect(types.at(-1)).toBe(ALERT);
    else expect(types.filter((type) => type === 23).length).toBeGreaterThan(4);
    client.secure.destroy();
  });

  it('rubbish instead of a record closes the connection, and a half request with it', async () => {
    const client = await opened();
    const read = reading(client);
    await new Promise((resolve) => client.secure.write(`${POST}Content-Length: 10\r\n\r\nhalf`, resolve));
    await sleep(50);
    client.raw.write(Buffer.from('\x17\x03\x03\x00\x20not a record that anyone encrypted', 'latin1'));
    await read.ended;
    expect(requests.slice(before)).toEqual([]);
    client.secure.destroy();
  });

  it('a reset in the middle of a response leaves nothing behind', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, opened));
    for (const { secure, raw } of clients) {
      secure.on('error', () => {});
      secure.write('GET /unread HTTP/1.1\r\nHost: a.test\r\n\r\n'.repeat(50));
      await new Promise((resolve) => secure.once('data', resolve));
      raw.resetAndDestroy();
    }
    expect((await get(server.port, '/unread', { servername: 'a.test' })).status).toBe(200);
    expect(server.log.filter((line) => /error/i.test(line))).toEqual([]);
  });

  it('data before the end of the handshake waits for it', async () => {
    const socket = await handshake(server.port, { maxVersion, servername: 'a.test' });
    const read = reading({ secure: socket });
    socket.write(
      'GET /unread1 HTTP/1.1\r\nHost: a.test\r\n\r\nGET /unread2 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n',
    );
    await read.ended;
    expect(requests.slice(before).map(({ path }) => path)).toEqual(['/unread1', '/unread2']);
  });
});
