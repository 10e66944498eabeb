import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Outcome, Stage } from '@webserv/server';
import { describe, expect, it } from 'vitest';
import { FieldSection, INCOMPLETE } from '../../src/kernel/http1/field-section.js';
import { SocketlessServer } from '../../src/testing/socketless.js';
import { LineConnection } from './line-protocol.js';

const outcomes: Outcome[] = [];

const probe = definePlugin({
  name: 'probe',
  apply({ hooks }) {
    hooks.onRoute.tapPromise({ stage: Stage.handler }, async (exchange) => {
      const { request } = exchange;
      if (request.path === '/hints') {
        exchange.inform(103, { link: '</a.css>; rel=preload' });
        return {
          status: 200,
          headers: { trailer: 'x-version' },
          body: counting(2),
          trailers: () => ({ 'x-version': request.version }),
        };
      }
      if (request.path === '/upper') {
        const pieces: Uint8Array[] = [];
        for await (const piece of request.body) pieces.push(piece);
        return { status: 200, body: Buffer.concat(pieces).toString().toUpperCase() };
      }
      if (request.path === '/stream') return { status: 200, body: counting(3) };
      if (request.path === '/broken') throw new Error('on purpose');
      return undefined;
    });
    hooks.onDone.tap({}, ({ outcome }) => {
      if (outcome !== undefined) outcomes.push(outcome);
    });
  },
});

async function* counting(to: number): AsyncGenerator<Uint8Array> {
  for (let at = 1; at <= to; at += 1) yield Buffer.from(`${at};`);
}

const conf = `
root www;
error_page 404 /404.html;
location /small { client_max_body_size 3; }
`;

async function open(): Promise<SocketlessServer> {
  outcomes.length = 0;
  return SocketlessServer.open({
    conf,
    files: { 'www/a.txt': 'a file', 'www/404.html': 'nothing there' },
    plugins: [probe],
  });
}

async function talk(server: SocketlessServer, ...sent: readonly string[]): Promise<string> {
  const client = server.connect((transport, context) => new LineConnection(transport, context));
  for (const piece of sent) {
    await client.send(Buffer.from(piece));
    await sleep(20);
  }
  const requests = sent.join('').match(/^[A-Z]+ \//gm)?.length;
  const responses = (): number | undefined => client.received.toString().match(/\.\n/g)?.length;
  await expect.poll(responses).toBe(requests);
  const received = client.closed();
  await server.stop(5_000, 0);
  return (await received).toString();
}

describe('a protocol that is not HTTP/1', () => {
  it('gets a file, a stream, and an error page through the same dispatch, one after the other', async () => {
    await using server = await open();
    const received = await talk(server, 'GET /a.txt\nGET /stream\nGET /absent\n');
    expect(received).toBe('200\n+6\na file.\n200\n+2\n1;+2\n2;+2\n3;.\n404\n+13\nnothing there.\n');
    expect(outcomes).toMatchObject([
      { status: 200, bytesSent: 6, complete: true },
      { status: 200, bytesSent: 6, complete: true },
      { status: 404, bytesSent: 13, complete: true },
    ]);
  });

  it('delivers a body in pieces to the tap that reads it', async () => {
    await using server = await open();
    expect(await talk(server, 'POST /upper 10\nhello', 'world')).toBe('200\n+10\nHELLOWORLD.\n');
  });

  it('gets interim responses and trailer fields', async () => {
    await using server = await open();
    expect(await talk(server, 'GET /hints\n')).toBe(
      '*103 link: </a.css>; rel=preload\n200\n+2\n1;+2\n2;-X-Version: 2.0\n.\n',
    );
  });

  it("is held to the route's body limit", async () => {
    await using server = await open();
    expect(await talk(server, 'POST /small 10\n', '0123456789')).toMatch(/^413\n/);
  });

  it('gets 500 for what a plugin throws, and the log names the plugin', async () => {
    await using server = await open();
    expect(await talk(server, 'GET /broken\n')).toMatch(/^500\n/);
    expect(server.log.join('\n')).toMatch(/plugin "probe", onRoute.*on purpose/);
  });
});

describe('the field section', () => {
  it("reads a response's fields as it reads a request's", () => {
    const section = new FieldSection({ maxCount: 10, keepsUnderscores: true });
    const text = 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX_Odd: kept\r\nSet-Cookie: b=2\r\n\r\nbody';
    const bytes = Buffer.from(text);
    const start = text.indexOf('\r\n') + 2;
    expect(section.read(bytes.subarray(0, 40), start, 40)).toBe(INCOMPLETE);
    const end = section.read(bytes, start, bytes.length);
    expect(bytes.toString('latin1', end)).toBe('body');
    const fields = section.take(bytes, start, end);
    expect(fields.all('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(fields.get('x_odd')).toBe('kept');
  });
});
