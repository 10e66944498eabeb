import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFirstBytes } from '../../src/kernel/tls/client-hello.js';
import { alertIn, dial, exchange, readAll } from './bytes.js';
import { Certificates } from './certificates.js';
import { get, refusal } from './client.js';
import { extension, hello, helloMessage, number, serverNames, vector } from './hello-bytes.js';
import { handshakeRecord, inPieces, inRecords, layers, type Reshape } from './reshaped.js';

const DECODE_ERROR = 50;
const HANDSHAKE = 22;

let made: Certificates;
let server: TestServer;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test']);
  server = await startTestServer(
    `server { listen 127.0.0.1:0 ssl; ssl_handshake_timeout 5s;
       ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')};
       return 200 "$ssl_server_name $ssl_alpn_protocol"; }`,
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await made.remove();
});

/** GET on a connection whose ClientHello came in other pieces. */
async function getReshaped(reshape: Reshape): Promise<string> {
  const { secure: socket } = await layers(server.port, reshape);
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  socket.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  await new Promise((resolve) => socket.once('end', resolve));
  socket.destroy();
  return text;
}

/** RFC 7685. */
function padded(size: number): Buffer {
  const padding = (length: number): Buffer => extension(21, Buffer.alloc(length));
  return helloMessage(padding(size - helloMessage(padding(0)).length));
}

describe('a ClientHello', () => {
  it.each([
    ['single bytes', inPieces(1)],
    ['pieces of 7 bytes', inPieces(7)],
    ['a header, then the rest', (bytes: Buffer) => [bytes.subarray(0, 5), bytes.subarray(5)]],
    ['all but the last byte, then that', (bytes: Buffer) => [bytes.subarray(0, -1), bytes.subarray(-1)]],
    ['two records', inRecords(2)],
    ['60 records', inRecords(60)],
    ['60 records in single bytes', (bytes: Buffer) => inRecords(60)(bytes).flatMap(inPieces(1))],
  ])('may come in %s', async (_what, reshape) => {
    expect(await getReshaped(reshape)).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\na\.test $/);
  });

  it('may be 16 KiB', async () => {
    const whole = padded(16 * 1024);
    const socket = await dial(server.port);
    // Without the rest of the handshake, but with a response to this part.
    socket.write(handshakeRecord(whole.subarray(0, 16_000)));
    socket.write(handshakeRecord(whole.subarray(16_000)));
    const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect(first[0]).toBe(HANDSHAKE);
  });

  it.each([
    ['its length says so', Buffer.from([1, 0xff, 0xff, 0xff, 3, 3])],
    ['it has one byte more', padded(16 * 1024 + 1)],
  ])('of more than 16 KiB is refused as soon as %s', async (_why, message) => {
    expect(alertIn(await exchange(server.port, handshakeRecord(message)))).toBe(DECODE_ERROR);
  });

  it('in more than 64 records is refused', async () => {
    const records = inPieces(1)(helloMessage().subarray(0, 65)).map((piece) => handshakeRecord(piece));
    expect(alertIn(await exchange(server.port, Buffer.concat(records)))).toBe(DECODE_ERROR);
  });

  it.each([
    ['FIN', 'end'],
    ['a reset', 'resetAndDestroy'],
  ] as const)('that ends half with %s closes the connection', async (_what, end) => {
    const whole = hello(serverNames('a.test'));
    for (const part of [1, 4, 5, 9, 60, whole.length - 1]) {
      const socket = await dial(server.port);
      socket.write(whole.subarray(0, part));
      socket[end]();
      expect(await readAll(socket)).toHaveLength(0);
    }
    expect(await refusal(server.port)).toBe('accepted');
  });

  it.each([
    ['an empty record first', Buffer.concat([handshakeRecord(Buffer.alloc(0)), hello()])],
    ['a record of version 2.0', handshakeRecord(helloMessage(), { version: 0x0200 })],
    ['a record of version 4.0', handshakeRecord(helloMessage(), { version: 0x0400 })],
    ['a ServerHello instead', handshakeRecord(Buffer.concat([Buffer.from([2]), helloMessage().subarray(1)]))],
    ['two names', hello(serverNames('a.test', 'b.test'))],
    ['two extensions with names', hello(serverNames('a.test'), serverNames('b.test'))],
    ['a name with NUL', hello(serverNames('a.test\0.evil'))],
    ['no name in the list', hello(extension(0, vector(2)))],
    ['a name of 256 bytes', hello(serverNames('a'.repeat(256)))],
    [
      'a name that is longer than its list',
      hello(extension(0, Buffer.concat([number(2, 5), number(1, 0), number(2, 99)]))),
    ],
    ['an extension that is longer than the message', hello(Buffer.concat([number(2, 0), number(2, 999)]))],
    ['the last extension cut short', hello(Buffer.from([0]))],
    ['an empty list of protocols', hello(extension(16, vector(2)))],
  ])('with %s gets an alert and no handshake', async (_what, bytes) => {
    expect(alertIn(await exchange(server.port, bytes))).toBeDefined();
    expect(await refusal(server.port)).toBe('accepted');
  });

  it('with a name of 255 bytes is taken', async () => {
    const socket = await dial(server.port);
    socket.write(hello(serverNames('a'.repeat(255))));
    const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.destroy();
    expect(first[0]).toBe(HANDSHAKE);
  });

  it('fills the log with no more than a short line', async () => {
    await using rejecting = await startTestServer(
      'server { listen 127.0.0.1:0 ssl; ssl_reject_handshake on; }',
    );
    await exchange(rejecting.port, hello(serverNames('\x1b[31m\r\n\x85'.repeat(1500))));
    const lines = rejecting.log.filter((line) => line.includes('handshake'));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.length).toBeLessThan(1000);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(lines[0]).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  });
});

describe('ALPN', () => {
  it.each([
    [['http/1.1'], 'http/1.1'],
    [['h2', 'http/1.1'], 'http/1.1'],
    [['http/1.0'], 'http/1.0'],
    [[], ''],
  ])('of %j chooses %j', async (ALPNProtocols, chosen) => {
    const { text } = await get(server.port, '/', { ALPNProtocols, servername: 'a.test' });
    expect(text).toMatch(new RegExp(`\r\n\r\na\\.test ${chosen}$`));
  });

  it.each([[['h2']], [['acme-tls/1']], [['HTTP/1.1']]])(
    'of %j alone gets no_application_protocol',
    async (ALPNProtocols) => {
      expect(await refusal(server.port, { ALPNProtocols })).toBe(
        'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
      );
    },
  );
});

describe('readFirstBytes', () => {
  it('asks for more until it has all, and never for less than it has', () => {
    const bytes = hello(serverNames('A.test'), extension(16, vector(2, vector(1, Buffer.from('h2')))));
    for (let length = 1; length < bytes.length; length += 1) {
      const first = readFirstBytes(bytes.subarray(0, length));
      expect(first.kind === 'more' && first.size > length && first.size <= bytes.length).toBe(true);
    }
    expect(readFirstBytes(bytes)).toEqual({
      kind: 'hello',
      hello: { serverName: 'a.test', protocols: ['h2'] },
    });
  });

  it('reads rubbish of any kind', () => {
    const bytes = hello(serverNames('a.test'));
    for (let at = 5; at < bytes.length; at += 1) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        expect(['hello', 'more', 'invalid']).toContain(readFirstBytes(changed).kind);
      }
    }
  });
});
