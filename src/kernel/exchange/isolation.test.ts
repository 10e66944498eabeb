import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Exchange, type Plugin, type RouteHooks, Stage } from '@webserv/server';
import { describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/index.js';

const HANDLER = { stage: Stage.handler };
const never = (): Promise<undefined> => new Promise(() => {});

function plugin(apply: (hooks: RouteHooks) => void): Plugin {
  return definePlugin({ name: 'under-test', apply: ({ hooks }) => apply(hooks) });
}

describe('a plugin that never answers', () => {
  it('gets 504 for its request, named in the log with hook, route and line; others are served meanwhile', async () => {
    const stuck = plugin(({ onRoute }) =>
      onRoute.tapPromise(HANDLER, ({ request }) =>
        request.path === '/' ? never() : Promise.resolve(undefined),
      ),
    );
    await using server = await startTestServer(
      'plugin_timeout 300ms; location = /fine { return 200 fine; }',
      {},
      { plugins: [stuck] },
    );
    const waiting = server.fetch('/');
    expect(await (await server.fetch('/fine')).text()).toBe('fine');
    expect((await waiting).status).toBe(504);
    expect(server.log.join('\n')).toMatch(
      /plugin "under-test", onRoute for server 127.0.0.1:0 at .*test.conf:1:1: no response within 0.3 s \(plugin_timeout\)/,
    );
  });

  it('is told by its signal, and what it answers later goes nowhere', async () => {
    let aborted = false;
    let closed = false;
    async function* stream(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from('late');
      } finally {
        closed = true;
      }
    }
    const late = plugin(({ onRoute }) =>
      onRoute.tapPromise(HANDLER, async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        aborted = true;
        const body = stream();
        await body.next();
        return { status: 200, body };
      }),
    );
    await using server = await startTestServer('plugin_timeout 100ms;', {}, { plugins: [late] });
    const answer = await server.fetch('/');
    expect([answer.status, await answer.text()]).toEqual([504, expect.not.stringContaining('late')]);
    await expect.poll(() => [aborted, closed]).toEqual([true, true]);
  });

  it('in onResponse is cut short too, and the stream it was given is closed', async () => {
    let closed = false;
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
    }
    const body = Object.assign(stream(), {
      return: async () => {
        closed = true;
        return { done: true as const, value: undefined };
      },
    });
    const stuck = plugin(({ onRoute, onResponse }) => {
      onRoute.tap(HANDLER, () => ({ status: 200, body }));
      onResponse.tapPromise({}, () => new Promise(() => {}));
    });
    await using server = await startTestServer('plugin_timeout 100ms;', {}, { plugins: [stuck] });
    expect((await server.fetch('/')).status).toBe(504);
    expect(closed).toBe(true);
  });

  it('in onRequest is cut short by the time of the main block', async () => {
    const stuck = definePlugin({
      name: 'stuck',
      setup: ({ hooks }) => hooks.onRequest.tapPromise({}, never),
    });
    await using server = await startTestServer(
      'plugin_timeout 100ms;\nserver { listen 127.0.0.1:0; return 200; }',
      {},
      { plugins: [stuck] },
    );
    expect((await server.fetch('/')).status).toBe(504);
    expect(server.log.join('\n')).toContain('plugin "stuck", onRequest: no response within 0.1 s');
  });

  it('is not meant by a slow client: its time does not count', async () => {
    const reads = plugin(({ onRoute }) =>
      onRoute.tapPromise(HANDLER, async ({ request }) => {
        let size = 0;
        for await (const piece of request.body) size += piece.length;
        return { status: 200, body: String(size) };
      }),
    );
    await using server = await startTestServer('plugin_timeout 200ms;', {}, { plugins: [reads] });
    const content = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await sleep(500);
        controller.enqueue(Buffer.from('abc'));
        await sleep(500);
        controller.close();
      },
    });
    const answer = await fetch(`${server.url}/`, { method: 'POST', body: content, duplex: 'half' });
    expect([answer.status, await answer.text()]).toEqual([200, '3']);
  });

  it('is not meant by one that forwards: what it forwards to has its own time', async () => {
    const forwards = plugin(({ onRoute }) => {
      onRoute.tapPromise({ stage: Stage.rewrite }, (exchange) =>
        exchange.request.path === '/' ? exchange.forward('/slow') : Promise.resolve(undefined),
      );
      onRoute.tapPromise({ stage: Stage.handler, timeout: Number.POSITIVE_INFINITY }, async () => {
        await sleep(800);
        return { status: 200, body: 'slow' };
      });
    });
    await using server = await startTestServer('plugin_timeout 200ms;', {}, { plugins: [forwards] });
    expect(await (await server.fetch('/')).text()).toBe('slow');
  });
});

describe('a stream that waits for its next piece', () => {
  it('is ended, once, when its client leaves, and the signal is aborted', async () => {
    const seen: string[] = [];
    const waits = plugin(({ onRoute }) =>
      onRoute.tap(HANDLER, ({ signal }) => {
        signal.addEventListener('abort', () => seen.push('aborted'));
        const iterator: AsyncIterator<Uint8Array> = {
          next: () => new Promise(() => {}),
          return: async () => {
            seen.push('ended');
            return { done: true, value: undefined };
          },
        };
        return { status: 200, body: { [Symbol.asyncIterator]: () => iterator } };
      }),
    );
    await using server = await startTestServer('', {}, { plugins: [waits] });
    const client = connect(server.port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(client, 'data');
    client.resetAndDestroy();
    await expect.poll(() => seen).toEqual(['ended', 'aborted']);
  });

  it('is sent to a client that has ended its side: that is no leaving', async () => {
    const slow = plugin(({ onRoute }) =>
      onRoute.tap(HANDLER, () => ({
        status: 200,
        body: (async function* () {
          await sleep(200);
          yield Buffer.from('all the same');
        })(),
      })),
    );
    await using server = await startTestServer('', {}, { plugins: [slow] });
    const client = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    client.end('GET / HTTP/1.0\r\n\r\n');
    let received = '';
    for await (const piece of client) received += String(piece);
    expect(received).toMatch(/all the same$/);
  });
});

describe('what a plugin does after the end', () => {
  it('fails with the request and the route, and disturbs nobody', async () => {
    const kept: Exchange[] = [];
    const keeps = plugin(({ onRoute }) =>
      onRoute.tap(HANDLER, (exchange) => {
        kept.push(exchange);
        return { status: 200, body: 'answered' };
      }),
    );
    await using server = await startTestServer('root .;', { 'a.txt': '' }, { plugins: [keeps] });
    expect(await (await server.fetch('/a?b')).text()).toBe('answered');
    const [exchange] = kept;
    const used = /the exchange of GET \/a\?b \(server .*test.conf:1:1\) is used after its end/;
    expect(() => exchange?.setVariable('a', 'b')).toThrow(used);
    await expect(exchange?.forward('/')).rejects.toThrow(used);
    expect(await (await server.fetch('/')).text()).toBe('answered');
  });
});
