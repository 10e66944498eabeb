import { describe, expect, it } from 'vitest';
import { definePlugin, HttpError, type Plugin, type Response, type RouteHooks, Stage } from '../../index.js';
import { startTestServer } from '../../testing/index.js';

function plugin(apply: (hooks: RouteHooks) => void): Plugin {
  return definePlugin({ name: 'under-test', apply: ({ hooks }) => apply(hooks) });
}

/** JavaScript that a careless author writes, where no compiler objects. */
function untyped(value: unknown): Response {
  const answers: Response[] = [];
  Reflect.apply(answers.push, answers, [value]);
  const [answer = { status: 200 }] = answers;
  return answer;
}

const options = { stage: Stage.handler };

describe('a plugin cannot hurt the server', () => {
  it.each<[string, (hooks: RouteHooks) => void]>([
    [
      'throws in tap',
      ({ onRoute }) =>
        onRoute.tap(options, () => {
          throw new Error('broken');
        }),
    ],
    ['rejects', ({ onRoute }) => onRoute.tapPromise(options, () => Promise.reject(new Error('broken')))],
    [
      'throws synchronously in tapPromise',
      ({ onRoute }) =>
        onRoute.tapPromise(options, () => {
          throw new Error('broken');
        }),
    ],
    [
      'throws what is no error',
      ({ onRoute }) =>
        onRoute.tap(options, () => {
          throw 'broken';
        }),
    ],
    ['answers null', ({ onRoute }) => onRoute.tap(options, () => untyped(null))],
    ['answers without a status', ({ onRoute }) => onRoute.tapPromise(options, async () => untyped({}))],
    ['answers a status that does not exist', ({ onRoute }) => onRoute.tap(options, () => ({ status: 99 }))],
    [
      'answers an illegal header value',
      ({ onRoute }) => onRoute.tap(options, () => ({ status: 200, headers: { 'x-a': 'a\r\nb: c' } })),
    ],
    [
      'answers an illegal header name',
      ({ onRoute }) => onRoute.tap(options, () => ({ status: 200, headers: { 'x a': 'b' } })),
    ],
    [
      'throws in onResponse',
      ({ onRoute, onResponse }) => {
        onRoute.tap(options, () => ({ status: 200 }));
        onResponse.tap({}, () => {
          throw new Error('broken');
        });
      },
    ],
  ])(
    'a plugin that %s gets 500 for its request, named in the log, and the next one is served',
    async (_name, apply) => {
      await using server = await startTestServer(
        'location /ok { return 200 ok; }',
        {},
        { plugins: [plugin(apply)] },
      );
      expect((await server.fetch('/')).status).toBe(500);
      expect(server.log.join('\n')).toMatch(
        /plugin "under-test", on(?:Route|Response) for server 127.0.0.1:0 at .*test\.conf:1:1/,
      );
      expect((await server.fetch('/')).status).toBe(500);
    },
  );

  it('an async function given to tap is refused when the configuration is loaded', async () => {
    const careless = plugin(({ onRoute }) => onRoute.tap(options, untypedAsync()));
    await expect(startTestServer('root .;', {}, { plugins: [careless] })).rejects.toThrow(
      /plugin "under-test", onRoute for server .*: tap\(\) takes a plain function; use tapPromise\(\)/,
    );
  });

  it('a promise returned from tap is a fault of the plugin', async () => {
    const careless = plugin(({ onRoute }) =>
      onRoute.tap(options, () => untyped(Promise.resolve({ status: 200 }))),
    );
    await using server = await startTestServer('root .;', {}, { plugins: [careless] });
    expect((await server.fetch('/')).status).toBe(500);
    expect(server.log.join('\n')).toContain('tap() got a promise back');
  });

  it('a tap that throws in onDone does not spoil the answer', async () => {
    const careless = plugin(({ onRoute, onDone }) => {
      onRoute.tap(options, () => ({ status: 200, body: 'fine' }));
      onDone.tap({}, () => {
        throw new Error('broken log');
      });
    });
    await using server = await startTestServer('root .;', {}, { plugins: [careless] });
    expect(await (await server.fetch('/')).text()).toBe('fine');
    expect(server.log.join('\n')).toMatch(/plugin "under-test", onDone for server .*: broken log/);
  });
});

function untypedAsync(): () => Response | undefined {
  const functions: (() => Response | undefined)[] = [];
  Reflect.apply(functions.push, functions, [async () => ({ status: 200 })]);
  const [fn = () => undefined] = functions;
  return fn;
}

describe('the first answer wins, in the order of the stages', () => {
  it('a later stage is not asked', async () => {
    const asked: string[] = [];
    const early = definePlugin({
      name: 'early',
      apply: ({ hooks }) =>
        hooks.onRoute.tap({ stage: Stage.rewrite }, () => ({ status: 200, body: 'early' })),
    });
    const late = definePlugin({
      name: 'late',
      apply: ({ hooks }) =>
        hooks.onRoute.tap({ stage: Stage.fallback }, () => {
          asked.push('late');
          return { status: 200, body: 'late' };
        }),
    });
    await using server = await startTestServer('', {}, { plugins: [late, early] });
    expect(await (await server.fetch('/')).text()).toBe('early');
    expect(asked).toEqual([]);
  });

  it('onResponse taps pass the answer on, error pages included', async () => {
    const adds = definePlugin({
      name: 'adds',
      apply: ({ hooks }) =>
        hooks.onResponse.tapPromise({}, async (response) => ({
          ...response,
          headers: { ...response.headers, 'x-seen': String(response.status) },
        })),
    });
    await using server = await startTestServer('location /ok { return 200 ok; }', {}, { plugins: [adds] });
    expect((await server.fetch('/ok')).headers.get('x-seen')).toBe('200');
    expect((await server.fetch('/absent')).headers.get('x-seen')).toBe('404');
  });

  it('a tap that throws in onDone does not keep it from the taps after it', async () => {
    const done: string[] = [];
    const tapping = (name: string, run: () => void): Plugin =>
      definePlugin({ name, apply: ({ hooks }) => hooks.onDone.tap({}, run) });
    const careless = tapping('careless', () => {
      throw new Error('broken log');
    });
    const careful = tapping('careful', () => done.push('careful'));
    await using server = await startTestServer('return 200;', {}, { plugins: [careless, careful] });
    await server.fetch('/');
    expect(done).toEqual(['careful']);
    expect(server.log.join('\n')).toContain('plugin "careless", onDone');
  });

  it('onDone is told status, bytes and time', async () => {
    const seen: string[] = [];
    const logs = definePlugin({
      name: 'logs',
      apply: ({ hooks }) =>
        hooks.onDone.tap({}, ({ outcome, request }) => {
          seen.push(
            `${request.method} ${outcome?.status} ${outcome?.bytesSent} ${outcome?.complete} ${(outcome?.durationMs ?? -1) >= 0}`,
          );
        }),
    });
    await using server = await startTestServer('return 200 hello;', {}, { plugins: [logs] });
    await (await server.fetch('/')).text();
    await (await server.fetch('/', { method: 'HEAD' })).text();
    expect(seen).toEqual(['GET 200 5 true true', 'HEAD 200 0 true true']);
  });

  it('onDone is told how much of an answer was sent before it was broken off', async () => {
    const outcomes: unknown[] = [];
    const half = plugin(({ onRoute, onDone }) => {
      onRoute.tap(options, () => ({
        status: 200,
        body: (async function* () {
          yield Buffer.from('one ');
          yield Buffer.from('half');
          throw new Error('no other half');
        })(),
      }));
      onDone.tap({}, ({ outcome }) => outcomes.push([outcome?.bytesSent, outcome?.complete]));
    });
    await using server = await startTestServer('', {}, { plugins: [half] });
    await server.raw('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(outcomes).toEqual([[8, false]]);
  });

  it('a thrown HttpError is its status, with its header fields', async () => {
    const busy = plugin(({ onRoute }) =>
      onRoute.tap({}, () => {
        throw new HttpError(503, { headers: { 'retry-after': '7' } });
      }),
    );
    await using server = await startTestServer('', {}, { plugins: [busy] });
    const answer = await server.fetch('/');
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('7');
  });

  it('a thrown HttpError of the server names who threw it in the log, and keeps each line of a field', async () => {
    const busy = plugin(({ onRoute }) =>
      onRoute.tap(options, () => {
        throw new HttpError(503, { reason: 'too much to do', headers: { 'set-cookie': ['a=1', 'b=2'] } });
      }),
    );
    await using server = await startTestServer('', {}, { plugins: [busy] });
    const answer = await server.fetch('/');
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, ['a=1', 'b=2']]);
    expect(server.log.join('')).toMatch(
      /GET \/ \(plugin "under-test", onRoute for server .*\): too much to do/,
    );
  });

  it('an error without content keeps each line of a field', async () => {
    const refuses = plugin(({ onRoute }) =>
      onRoute.tap(options, () => ({ status: 401, headers: { 'www-authenticate': ['Basic', 'Bearer'] } })),
    );
    await using server = await startTestServer('', {}, { plugins: [refuses] });
    expect(await server.raw('GET / HTTP/1.0\r\n\r\n')).toMatch(
      /WWW-Authenticate: Basic\r\nWWW-Authenticate: Bearer\r\n/,
    );
  });

  it('a stream of onRequest that breaks is told with whose it is', async () => {
    const early = definePlugin({
      name: 'early',
      setup: ({ hooks }) =>
        hooks.onRequest.tap({}, () => ({
          status: 200,
          body: (async function* () {
            yield Buffer.from('half');
            throw new Error('no other half');
          })(),
        })),
    });
    await using server = await startTestServer('return 200;', {}, { plugins: [early] });
    await server.raw('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(server.log.join('')).toContain('GET / (plugin "early", onRequest): response broken off');
  });

  it('a fault in onRequest is told with its place in the code', async () => {
    const early = definePlugin({
      name: 'early',
      setup: ({ hooks }) =>
        hooks.onRequest.tap({}, () => {
          throw new Error('broken');
        }),
    });
    await using server = await startTestServer('return 200;', {}, { plugins: [early] });
    expect((await server.fetch('/')).status).toBe(500);
    expect(server.log.join('')).toMatch(/GET \/ .*plugin "early", onRequest: broken\n +Error: broken\n +at /);
  });

  it('a server-wide onRequest tap answers before there is a route', async () => {
    const gate = definePlugin({
      name: 'gate',
      setup: ({ hooks }) => {
        hooks.onRequest.tap({}, (request) =>
          request.query === 'gate' ? { status: 200, body: 'gate' } : undefined,
        );
      },
    });
    await using server = await startTestServer('return 200 route;', {}, { plugins: [gate] });
    expect(await (await server.fetch('/?gate')).text()).toBe('gate');
    expect(await (await server.fetch('/')).text()).toBe('route');
  });
});
