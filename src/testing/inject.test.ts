import { createHook } from 'node:async_hooks';
import { definePlugin, HttpError, Stage, text } from '@webserv/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { inject } from './index.js';

const teapot = definePlugin({
  name: 'teapot',
  directives: { teapot: text({ default: undefined, help: 'refuses to brew coffee' }) },
  apply({ options, hooks }) {
    const { teapot: reason } = options;
    if (reason === undefined) return;
    hooks.onRoute.tap({ stage: Stage.rewrite }, () => ({ status: 418, body: reason }));
  },
});

/** Sends back the request body. */
const echo = definePlugin({
  name: 'echo',
  apply({ hooks }) {
    hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['POST'] }, async ({ request }) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of request.body) pieces.push(piece);
      return {
        status: 200,
        headers: { 'x-framing': String(request.body.length), 'set-cookie': ['a=1', 'b=2'] },
        body: Buffer.concat(pieces),
      };
    });
  },
});

describe('inject', () => {
  it('sends a request to a plugin without a socket', async () => {
    const opened: string[] = [];
    const hook = createHook({
      init: (_id, kind) => {
        if (kind.startsWith('TCP')) opened.push(kind);
      },
    }).enable();
    onTestFinished(() => void hook.disable());
    const response = await inject(teapot, 'location /coffee { teapot "short and stout"; }', '/coffee');
    expect(response.status).toBe(418);
    expect(await response.text()).toBe('short and stout');
    expect(opened).toEqual([]);
  });

  it('requests / by default, with a whole configuration too', async () => {
    const response = await inject(teapot, 'server { listen 80; server_name a.test; teapot yes; }');
    expect(response.status).toBe(418);
  });

  it('sends method, header fields and body, of a known length or in pieces', async () => {
    const request = { method: 'POST', path: '/a?b', headers: { 'X-A': ['1', '2'] } };
    const whole = await inject(echo, '', { ...request, body: 'some text' });
    expect(await whole.text()).toBe('some text');
    expect(whole.headers.get('x-framing')).toBe('9');
    expect(whole.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    const pieces = await inject(echo, '', { ...request, body: [Buffer.from('some '), Buffer.from('text')] });
    expect(await pieces.text()).toBe('some text');
    expect(pieces.headers.get('x-framing')).toBe('undefined');
  });

  it('handles bodies larger than buffers, in both directions', async () => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'abc');
    const response = await inject(echo, 'client_max_body_size 10m;', { method: 'POST', body: large });
    expect(Buffer.from(await response.arrayBuffer()).equals(large)).toBe(true);
  });

  it('includes the built-in plugins and the files of the configuration', async () => {
    const response = await inject(teapot, 'root www;', '/a.txt', { 'www/a.txt': 'a file' });
    expect(await response.text()).toBe('a file');
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(
      (await inject([], 'root www;', { method: 'HEAD', path: '/a.txt' }, { 'www/a.txt': 'a' })).status,
    ).toBe(200);
  });

  it('returns responses without a body', async () => {
    const response = await inject(teapot, 'return 204;');
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it('returns the lines of the error log', async () => {
    const broken = definePlugin({
      name: 'broken',
      apply({ hooks }) {
        hooks.onRoute.tap({}, () => {
          throw new Error('oh no');
        });
      },
    });
    const response = await inject(broken, '');
    expect(response.status).toBe(500);
    expect(response.log.join('\n')).toMatch(/plugin "broken", onRoute for .*: oh no/);
  });

  it('rejects with the diagnostics of an invalid configuration', async () => {
    await expect(inject(teapot, 'teapto yes;')).rejects.toThrow(/did you mean "teapot"/);
  });

  it('rejects for an incomplete response, with the reason', async () => {
    const half = definePlugin({
      name: 'half',
      apply({ hooks }) {
        hooks.onRoute.tap({}, () => ({
          status: 200,
          body: (async function* () {
            yield Buffer.from('one half');
            throw new Error('no other half');
          })(),
        }));
      },
    });
    await expect(inject(half, '')).rejects.toThrow(/ended after 8 bytes[\s\S]*no other half/);
  });

  it('leaves a response without an end after the text it waits for', async () => {
    const counting = definePlugin({
      name: 'counting',
      apply({ hooks, log }) {
        hooks.onRoute.tap({}, ({ signal }) => ({
          status: 200,
          body: (async function* () {
            for (let number = 1; !signal.aborted; number += 1) {
              yield Buffer.from(`${number}\n`);
              await new Promise((resolve) => setTimeout(resolve, 5));
            }
            log.info('the client has left');
          })(),
        }));
      },
    });
    const response = await inject(counting, '', { path: '/', until: '3\n' });
    expect(await response.text()).toBe('1\n2\n3\n');
    const whole = await inject(counting, 'location /a { return 200 abc; }', { path: '/a', until: 'never' });
    expect(await whole.text()).toBe('abc');
  });

  it('rejects a request with line breaks', async () => {
    await expect(inject(teapot, '', '/ HTTP/1.1\r\nA: b')).rejects.toThrow(TypeError);
  });

  it('returns an error response as the client gets it', async () => {
    const strict = definePlugin({
      name: 'strict',
      apply({ hooks }) {
        hooks.onRoute.tap({ stage: Stage.access }, () => {
          throw new HttpError(403);
        });
      },
    });
    expect((await inject(strict, 'return 200 a; location /a { }', '/a')).status).toBe(200);
    expect((await inject(strict, 'root www;', '/', { www: null })).status).toBe(403);
  });
});
