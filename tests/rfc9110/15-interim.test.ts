import { definePlugin, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { message, SECOND } from '../wire/talk.js';
import { dial } from '../wire/transport.js';

/** Results of `inform`, by call. */
const informed: boolean[] = [];

const hints = definePlugin({
  name: 'hints',
  apply({ hooks }) {
    hooks.onRoute.tapPromise({ stage: Stage.handler }, async (exchange) => {
      const { path, query } = exchange.request;
      if (path === '/from') return exchange.forward('/hint?103');
      if (path === '/many') {
        for (let count = 0; count < 20; count += 1)
          informed.push(exchange.inform(103, { 'x-count': String(count) }));
      } else if (path === '/large') {
        for (let count = 0; count < 3; count += 1)
          informed.push(exchange.inform(103, { 'x-large': 'x'.repeat(7_000) }));
      } else if (path === '/illegal') exchange.inform(103, { link: 'a\r\nB: c' });
      else if (path === '/late') {
        return {
          status: 200,
          body: (async function* () {
            informed.push(exchange.inform(103));
            yield Buffer.from('late');
          })(),
        };
      } else if (path === '/hint') {
        const headers = {
          link: ['</a.css>; rel=preload', '</b.js>; rel=preload'],
          date: 'x',
          'content-length': '9',
        };
        informed.push(exchange.inform(Number(query), headers));
      }
      return { status: 200, body: 'done' };
    });
    hooks.onDone.tap({}, (exchange) => {
      try {
        exchange.inform(103);
      } catch (error) {
        ended.push(String(error));
      }
    });
  },
});
const ended: string[] = [];

async function start(): Promise<TestServer> {
  informed.length = 0;
  ended.length = 0;
  return startTestServer('', {}, { plugins: [hints] });
}
const get = (path: string): string => message(`GET ${path} HTTP/1.1`, ['Host: a']);

/** The heads of a text, each without its Date. */
const heads = (text: string): readonly string[] =>
  text.split('\r\n\r\n').map((head) => head.replace(/^Date: .*\r\n/m, ''));

describe('15.2 interim responses', () => {
  it.each([
    ['102', 'HTTP/1.1 102 Processing'],
    ['103', 'HTTP/1.1 103 Early Hints'],
    ['104', 'HTTP/1.1 104 Upload Resumption Supported'],
    ['199', 'HTTP/1.1 199 '],
  ])('%s goes ahead of the response, with its own fields only', async (status, line) => {
    await using server = await start();
    const [interim, final] = heads(await server.raw(get(`/hint?${status}`) + SECOND));
    expect(interim).toBe(`${line}\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload`);
    expect(final).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(informed).toEqual([true]);
  });

  it('leaves before the response is there', async () => {
    let release = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = definePlugin({
      name: 'slow',
      apply: ({ hooks }) =>
        hooks.onRoute.tapPromise({ stage: Stage.rewrite - 10 }, async (exchange) => {
          exchange.inform(103);
          await waiting;
          return { status: 204 };
        }),
    });
    await using server = await startTestServer('', {}, { plugins: [slow] });
    const { socket } = await dial({ host: '127.0.0.1', port: server.port });
    let text = '';
    socket.on('data', (bytes) => {
      text += String(bytes);
    });
    socket.write(get('/'));
    await expect.poll(() => text).toBe('HTTP/1.1 103 Early Hints\r\n\r\n');
    release();
    await expect.poll(() => text).toContain('HTTP/1.1 204');
    socket.destroy();
  });

  it('is not sent to a client of HTTP/1.0', async () => {
    await using server = await start();
    expect(await server.raw('GET /hint?103 HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(informed).toEqual([false]);
  });

  it('100 is sent once, to a client that waits for it', async () => {
    await using server = await start();
    const post = (expectation: readonly string[]): string =>
      message('POST /hint?100 HTTP/1.1', [
        'Host: a',
        'Content-Length: 4',
        'Connection: close',
        ...expectation,
      ]);
    const waiting = await server.raw(post(['Expect: 100-continue']));
    expect(waiting.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200']);
    const other = await server.raw(`${post([])}body`);
    expect(other.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200']);
    expect(informed).toEqual([true, false]);
  });

  it('on a forward it goes to the client', async () => {
    await using server = await start();
    expect(await server.raw(get('/from') + SECOND)).toMatch(/^HTTP\/1\.1 103 Early Hints\r\n/);
  });

  it.each(['99', '101', '200', 'NaN'])('%s is an error of the plugin', async (status) => {
    await using server = await start();
    expect(await server.raw(get(`/hint?${status}`) + SECOND)).toMatch(/^HTTP\/1\.1 500 /);
    expect(server.log.join('\n')).toMatch(
      /plugin "hints".*the status of an interim response is 100 or 102 to 199/,
    );
  });

  it('with a field that cannot be sent is an error of the plugin', async () => {
    await using server = await start();
    const text = await server.raw(get('/illegal') + SECOND);
    expect(text).toMatch(/^HTTP\/1\.1 500 /);
    expect(text).not.toContain('B: c');
  });

  it('is bounded in number and size', async () => {
    await using server = await start();
    const many = await server.raw(get('/many') + SECOND);
    expect(many.match(/^HTTP\/1\.1 103/gm)?.length).toBe(16);
    expect(informed.filter((sent) => sent).length).toBe(16);
    informed.length = 0;
    await server.raw(get('/large') + SECOND);
    expect(informed).toEqual([true, true, false]);
  });

  it('is not sent behind the response, and an error after the end', async () => {
    await using server = await start();
    const text = await server.raw(get('/late') + SECOND);
    expect(text).not.toContain('HTTP/1.1 103');
    expect(informed).toEqual([false]);
    expect(ended[0]).toContain('is used after its end');
  });
});
