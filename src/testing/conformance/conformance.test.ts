import { writeFileSync } from 'node:fs';
import {
  definePlugin,
  flag,
  type Plugin,
  type Response,
  type RouteHooks,
  Stage,
  text,
} from '@webserv/server';
import { describe, expect, it } from 'vitest';
import { type ConformanceOptions, conformance } from '../index.js';

/** A plugin with a single switch, which applies the hooks where it is on. */
function plugin(apply: (hooks: RouteHooks) => void, name = 'subject'): Plugin {
  return definePlugin({
    name,
    directives: { subject: flag({ default: false, help: 'switches it on', example: 'subject on;' }) },
    apply({ options, hooks }) {
      if (options.subject) apply(hooks);
    },
  });
}

const answering = (answer: () => Response): Plugin =>
  plugin((hooks) => hooks.onRoute.tap({ stage: Stage.content }, answer));

const fine = answering(() => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'fine' }));

const options: ConformanceOptions = { conf: 'subject on;' };

describe('a plugin that follows the rules', () => {
  const requests = ['/', { method: 'POST', body: 'content' }];
  for (const { name, run } of conformance(fine, { ...options, requests })) it(name, run);

  it('is named in each test', () => {
    expect(conformance(fine, options)[0]?.name).toMatch(/^subject: every directive/);
  });
});

describe('a plugin whose responses have no end', () => {
  const ticking = plugin((hooks) =>
    hooks.onRoute.tap({ methods: ['GET', 'HEAD'] }, ({ signal }) => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: (async function* () {
        for (let id = 0; !signal.aborted; id += 1) {
          yield Buffer.from(`id: ${id}\n\n`);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      })(),
    })),
  );
  const requests = [{ path: '/', until: 'id: 2\n\n' }];
  for (const { name, run } of conformance(ticking, { ...options, requests })) it(name, run);
});

/** The failure of the rule that the plugin breaks on purpose; other rules may fail too. */
async function failure(
  faulty: Plugin,
  rule: RegExp,
  given: Partial<ConformanceOptions> = {},
): Promise<string> {
  const check = conformance(faulty, { ...options, ...given }).find(({ name }) => rule.test(name));
  if (check === undefined) throw new Error(`no rule ${String(rule)}`);
  return check.run().then(
    () => 'no failure',
    (error: unknown) => String(error),
  );
}

describe('a plugin that breaks a rule fails the test of that rule', () => {
  const page = { 'content-type': 'text/html' };

  it('an invalid example, a directive without help', async () => {
    const wrong = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x', example: 'subject maybe;' }) },
    });
    expect(await failure(wrong, /help text/)).toContain('the example of "subject" is rejected');
    const mute = definePlugin({
      name: 'subject',
      directives: { subject: text({ default: undefined, help: ' ' }) },
    });
    expect(await failure(mute, /help text/)).toContain('directive "subject" has no help text');
    const old = { ...fine, apiVersion: 0 };
    expect(await failure(old, /help text/)).toContain('version 0 of the plugin API');
  });

  it('taps routes where it is off, or none where it is on', async () => {
    const always = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x' }) },
      apply: ({ hooks }) => hooks.onDone.tap({}, () => {}),
    });
    expect(await failure(always, /routes without its directives/)).toContain('it taps onDone of server');
    expect(await failure(always, /routes without its directives/, { everywhere: ['onDone'] })).toBe(
      'no failure',
    );
    expect(await failure(fine, /routes of the test requests/, { conf: 'subject off;' })).toContain(
      'it taps no hook',
    );
  });

  it('fails a request, or ends its response early', async () => {
    const failing = answering(() => {
      throw new Error('oh no');
    });
    expect(await failure(failing, /without errors in the log/)).toMatch(
      /status 500, and the error log has .*plugin "subject".*oh no/,
    );
    const breaking = answering(() => ({
      status: 200,
      body: (async function* () {
        yield Buffer.from('a');
        throw new Error('oh no');
      })(),
    }));
    expect(await failure(breaking, /without errors in the log/)).toContain('the response is incomplete');
  });

  it('responds to HEAD differently from GET', async () => {
    const only = (answer: Response, head: Response): Plugin =>
      plugin((hooks) => hooks.onRoute.tap({}, ({ request }) => (request.method === 'HEAD' ? head : answer)));
    const get = { status: 200, headers: page, body: 'abc' };
    expect(await failure(only(get, { status: 404 }), /HEAD/)).toContain('HEAD has status 404, GET has 200');
    expect(await failure(only(get, { status: 200, body: 'abc' }), /HEAD/)).toContain(
      'HEAD lacks content-type',
    );
    expect(await failure(only({ status: 200, body: 'abc' }, get), /HEAD/)).toContain(
      'only HEAD has content-type',
    );
    const lying = { status: 200, headers: { ...page, 'content-length': '5' } };
    expect(await failure(only(get, lying), /HEAD/)).toContain('Content-Length 5');
    expect(await failure(only(get, { status: 200, headers: page }), /HEAD/)).toBe('no failure');
  });

  it('responds differently the second time, unless this is intended', async () => {
    let count = 0;
    const counting = answering(() => ({ status: 200, headers: { 'x-count': String(count++) }, body: 'a' }));
    expect(await failure(counting, /repeated request/)).toContain(
      'the second time: the header section has x-count: 1',
    );
    expect(await failure(counting, /repeated request/, { varies: { headers: ['X-Count'] } })).toBe(
      'no failure',
    );
    const content = answering(() => ({ status: 200, body: `${count++}` }));
    expect(await failure(content, /repeated request/)).toContain('the second time: the body is');
    expect(await failure(content, /repeated request/, { varies: { content: true } })).toBe('no failure');
    const statuses = answering(() => ({ status: 200 + (count++ % 2), body: '' }));
    expect(await failure(statuses, /repeated request/)).toContain('the second time: the status is');
  });

  it('mixes up concurrent requests', async () => {
    const shared = plugin((hooks) => {
      let asked = 0;
      hooks.onRoute.tapPromise({}, async () => {
        asked += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        asked -= 1;
        return { status: 200, body: `${asked}` };
      });
    });
    expect(await failure(shared, /concurrent/)).toContain('24 concurrent requests: the body is');
    const failing = plugin((hooks) => {
      let busy = false;
      hooks.onRoute.tapPromise({ methods: ['POST'] }, async () => {
        if (busy) return { status: 503, body: '' };
        busy = true;
        await new Promise((resolve) => setTimeout(resolve, 5));
        busy = false;
        return { status: 201, body: '' };
      });
    });
    expect(await failure(failing, /concurrent/, { requests: [{ method: 'POST' }] })).toContain(
      '24 concurrent requests: status 503',
    );
  });

  it('keeps state outside of its server', async () => {
    let open = 0;
    let isDown = false;
    const global = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x' }) },
      setup() {
        open += 1;
        isDown = false;
        return {
          dispose() {
            open -= 1;
            isDown = true;
          },
        };
      },
      apply({ options, hooks }) {
        if (options.subject) hooks.onRoute.tap({}, () => ({ status: isDown ? 503 : 200, body: '' }));
      },
    });
    expect(await failure(global, /do not affect/)).toContain('after another server ended: the status is 503');
    expect(open).toBe(0);
  });

  it('takes a piece for the whole body', async () => {
    const hasty = plugin((hooks) =>
      hooks.onRoute.tapPromise({ methods: ['POST'] }, async ({ request }) => ({
        status: 200,
        body: (await request.body.read()) ?? '',
      })),
    );
    const requests = [{ method: 'POST', body: 'abc' }];
    expect(await failure(hasty, /byte by byte/, { requests })).toContain('the body is "a" instead of "abc"');
  });

  it('reports a client that leaves as an error, or keeps the part it sent', async () => {
    const careless = plugin((hooks) =>
      hooks.onRoute.tapPromise({ methods: ['POST'] }, async ({ request }) => {
        try {
          for await (const _ of request.body);
        } catch {
          throw new Error('the body is broken');
        }
        return { status: 201, body: '' };
      }),
    );
    const requests = [{ method: 'POST', body: 'abc' }];
    expect(await failure(careless, /sending the body/, { requests })).toContain('the body is broken');
    const greedy = plugin((hooks) => {
      let kept = '';
      hooks.onRoute.tapPromise({ methods: ['POST'] }, async ({ request }) => {
        for await (const piece of request.body) kept += String(piece);
        return { status: 201, body: kept };
      });
    });
    expect(await failure(greedy, /sending the body/, { requests })).toContain('the body is "aabc"');
  });

  it('reports a client that leaves during the response as an error', async () => {
    const offended = plugin((hooks) => {
      hooks.onRoute.tap({}, () => ({
        status: 200,
        body: (async function* () {
          for (;;) yield Buffer.alloc(1024);
        })(),
      }));
      hooks.onDone.tap({}, ({ outcome }) => {
        if (outcome?.complete === false) throw new Error('how rude');
      });
    });
    expect(await failure(offended, /during the response/)).toContain('how rude');
  });

  it.each(['setup', 'apply'] as const)('starts something in %s', async (step) => {
    const timers: NodeJS.Timeout[] = [];
    const begin = (at: string): void => {
      if (at === step) timers.push(setInterval(() => {}, 60_000));
    };
    const hasty = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x' }) },
      setup() {
        begin('setup');
        return { dispose: () => timers.forEach(clearInterval) };
      },
      apply({ options, hooks }) {
        begin('apply');
        if (options.subject) hooks.onRoute.tap({}, () => ({ status: 200, body: '' }));
      },
    });
    expect(await failure(hasty, /start nothing/)).toContain('a Timeout is active before serve');
  });

  it('modifies a file before it serves', async () => {
    const writer = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x' }) },
      apply({ options, hooks, route }) {
        writeFileSync(`${route.boundary.directory}/note`, '');
        if (options.subject) hooks.onRoute.tap({}, () => ({ status: 200, body: '' }));
      },
    });
    expect(await failure(writer, /start nothing/, { conf: 'root .; subject on;' })).toContain('was modified');
  });

  it('keeps running after its server has ended', async () => {
    const timers: NodeJS.Timeout[] = [];
    const restless = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x' }) },
      setup() {
        timers.push(setInterval(() => {}, 60_000));
      },
      apply({ options, hooks }) {
        if (options.subject) hooks.onRoute.tap({}, () => ({ status: 200, body: '' }));
      },
    });
    expect(await failure(restless, /keeps running/)).toContain(
      'still active after the server has ended: Timeout',
    );
    for (const timer of timers) clearInterval(timer);
    const clumsy = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x' }) },
      setup: () => ({
        dispose() {
          throw new Error('cannot let go');
        },
      }),
    });
    expect(await failure(clumsy, /keeps running/)).toContain('cannot let go');
  });

  it('hides the error of another plugin, or fails itself on it', async () => {
    const hiding = plugin((hooks) => hooks.onResponse.tap({}, (answer) => ({ ...answer, status: 200 })));
    expect(await failure(hiding, /error of another plugin/)).toContain('the client gets 200');
    const failing = plugin((hooks) =>
      hooks.onResponse.tap({}, (answer) => {
        if (answer.status === 500) throw new Error('cannot');
        return answer;
      }),
    );
    expect(await failure(failing, /error of another plugin/)).toMatch(
      /the error log has .*plugin "subject".*cannot/,
    );
  });

  const wrapping = (wrap: (stream: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>): Plugin =>
    plugin((hooks) =>
      hooks.onResponse.tap({}, (answer) => {
        const { body } = answer;
        const isStream = typeof body === 'object' && Symbol.asyncIterator in body;
        return isStream ? { ...answer, body: wrap(body) } : answer;
      }),
    );

  it('completes a response that should be incomplete', async () => {
    const swallowing = wrapping(async function* (stream) {
      try {
        yield* stream;
      } catch {
        // as if that were the end
      }
    });
    expect(await failure(swallowing, /stays incomplete/)).toContain('the client gets a complete response');
  });

  it('does not end the stream when the client left', async () => {
    const holding = wrapping((stream) => {
      const iterator = stream[Symbol.asyncIterator]();
      return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) };
    });
    expect(await failure(holding, /when the client leaves/)).toContain('stream is not ended');
  });
});
