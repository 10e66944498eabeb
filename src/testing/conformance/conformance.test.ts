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

/** A plugin with one switch, that does something where it is on. */
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

describe('a plugin that keeps the rules', () => {
  const requests = ['/', { method: 'POST', body: 'content' }];
  for (const { name, run } of conformance(fine, { ...options, requests })) it(name, run);

  it('is told by name', () => {
    expect(conformance(fine, options)[0]?.name).toMatch(/^subject: every directive/);
  });
});

describe('a plugin whose answers have no end', () => {
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

/** The complaint of the one rule that is broken on purpose; others may complain too. */
async function complaint(
  faulty: Plugin,
  rule: RegExp,
  given: Partial<ConformanceOptions> = {},
): Promise<string> {
  const check = conformance(faulty, { ...options, ...given }).find(({ name }) => rule.test(name));
  if (check === undefined) throw new Error(`no rule ${String(rule)}`);
  return check.run().then(
    () => 'no complaint',
    (error: unknown) => String(error),
  );
}

describe('a plugin that breaks a rule is told which', () => {
  const page = { 'content-type': 'text/html' };

  it('an example that is refused, a directive without help', async () => {
    const wrong = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x', example: 'subject maybe;' }) },
    });
    expect(await complaint(wrong, /line of help/)).toContain('the example of "subject" is refused');
    const mute = definePlugin({
      name: 'subject',
      directives: { subject: text({ default: undefined, help: ' ' }) },
    });
    expect(await complaint(mute, /line of help/)).toContain('directive "subject" has no help');
    const old = { ...fine, apiVersion: 0 };
    expect(await complaint(old, /line of help/)).toContain('version 0 of the contract');
  });

  it('taps where it is off, or none where it is on', async () => {
    const always = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x' }) },
      apply: ({ hooks }) => hooks.onDone.tap({}, () => {}),
    });
    expect(await complaint(always, /taps nothing/)).toContain('it taps onDone of server');
    expect(await complaint(always, /taps nothing/, { everywhere: ['onDone'] })).toBe('no complaint');
    expect(await complaint(fine, /at work/, { conf: 'subject off;' })).toContain('it taps no hook');
  });

  it('fails a request, or breaks its answer off', async () => {
    const failing = answering(() => {
      throw new Error('oh no');
    });
    expect(await complaint(failing, /fault has a name/)).toMatch(
      /500, and the log says .*plugin "subject".*oh no/,
    );
    const breaking = answering(() => ({
      status: 200,
      body: (async function* () {
        yield Buffer.from('a');
        throw new Error('oh no');
      })(),
    }));
    expect(await complaint(breaking, /fault has a name/)).toContain('broken off');
  });

  it('answers HEAD otherwise than GET', async () => {
    const only = (answer: Response, head: Response): Plugin =>
      plugin((hooks) => hooks.onRoute.tap({}, ({ request }) => (request.method === 'HEAD' ? head : answer)));
    const get = { status: 200, headers: page, body: 'abc' };
    expect(await complaint(only(get, { status: 404 }), /HEAD/)).toContain('HEAD is 404 where GET is 200');
    expect(await complaint(only(get, { status: 200, body: 'abc' }), /HEAD/)).toContain(
      'HEAD lacks content-type',
    );
    expect(await complaint(only({ status: 200, body: 'abc' }, get), /HEAD/)).toContain(
      'only HEAD has content-type',
    );
    const lying = { status: 200, headers: { ...page, 'content-length': '5' } };
    expect(await complaint(only(get, lying), /HEAD/)).toContain('Content-Length 5');
    expect(await complaint(only(get, { status: 200, headers: page }), /HEAD/)).toBe('no complaint');
  });

  it('answers otherwise the second time, unless that is meant', async () => {
    let count = 0;
    const counting = answering(() => ({ status: 200, headers: { 'x-count': String(count++) }, body: 'a' }));
    expect(await complaint(counting, /the same again/)).toContain(
      'the second time: the header has x-count: 1',
    );
    expect(await complaint(counting, /the same again/, { varies: { headers: ['X-Count'] } })).toBe(
      'no complaint',
    );
    const content = answering(() => ({ status: 200, body: `${count++}` }));
    expect(await complaint(content, /the same again/)).toContain('the second time: the content is');
    expect(await complaint(content, /the same again/, { varies: { content: true } })).toBe('no complaint');
    const statuses = answering(() => ({ status: 200 + (count++ % 2), body: '' }));
    expect(await complaint(statuses, /the same again/)).toContain('the second time: the status is');
  });

  it('mixes up what is asked at once', async () => {
    const shared = plugin((hooks) => {
      let asked = 0;
      hooks.onRoute.tapPromise({}, async () => {
        asked += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        asked -= 1;
        return { status: 200, body: `${asked}` };
      });
    });
    expect(await complaint(shared, /at once/)).toContain('24 at once: the content is');
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
    expect(await complaint(failing, /at once/, { requests: [{ method: 'POST' }] })).toContain(
      '24 at once: 503',
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
    expect(await complaint(global, /do not know/)).toContain('after another server ended: the status is 503');
    expect(open).toBe(0);
  });

  it('takes a piece for the whole content', async () => {
    const hasty = plugin((hooks) =>
      hooks.onRoute.tapPromise({ methods: ['POST'] }, async ({ request }) => ({
        status: 200,
        body: (await request.body.read()) ?? '',
      })),
    );
    const requests = [{ method: 'POST', body: 'abc' }];
    expect(await complaint(hasty, /byte by byte/, { requests })).toContain(
      'the content is "a" instead of "abc"',
    );
  });

  it('takes a client that leaves for a fault, or remembers half of what it sent', async () => {
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
    expect(await complaint(careless, /of its content/, { requests })).toContain('the body is broken');
    const greedy = plugin((hooks) => {
      let kept = '';
      hooks.onRoute.tapPromise({ methods: ['POST'] }, async ({ request }) => {
        for await (const piece of request.body) kept += String(piece);
        return { status: 201, body: kept };
      });
    });
    expect(await complaint(greedy, /of its content/, { requests })).toContain('the content is "aabc"');
  });

  it('takes a client that leaves in its answer for a fault', async () => {
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
    expect(await complaint(offended, /of its answer/)).toContain('how rude');
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
    expect(await complaint(hasty, /start nothing/)).toContain('there is a Timeout already');
  });

  it('touches a file before it serves', async () => {
    const writer = definePlugin({
      name: 'subject',
      directives: { subject: flag({ default: false, help: 'x' }) },
      apply({ options, hooks, route }) {
        writeFileSync(`${route.boundary.directory}/note`, '');
        if (options.subject) hooks.onRoute.tap({}, () => ({ status: 200, body: '' }));
      },
    });
    expect(await complaint(writer, /start nothing/, { conf: 'root .; subject on;' })).toContain(
      'was touched',
    );
  });

  it('goes on after its server', async () => {
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
    expect(await complaint(restless, /goes on/)).toContain(
      'still there after the server’s end: Timeout'.replace('’', "'"),
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
    expect(await complaint(clumsy, /goes on/)).toContain('cannot let go');
  });

  it('hides another plugin’s fault, or takes the blame', async () => {
    const hiding = plugin((hooks) => hooks.onResponse.tap({}, (answer) => ({ ...answer, status: 200 })));
    expect(await complaint(hiding, /another plugin stays/)).toContain('the client sees 200');
    const failing = plugin((hooks) =>
      hooks.onResponse.tap({}, (answer) => {
        if (answer.status === 500) throw new Error('cannot');
        return answer;
      }),
    );
    expect(await complaint(failing, /another plugin stays/)).toMatch(
      /the log says .*plugin "subject".*cannot/,
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

  it('makes a whole answer of a broken one', async () => {
    const swallowing = wrapping(async function* (stream) {
      try {
        yield* stream;
      } catch {
        // as if that were the end
      }
    });
    expect(await complaint(swallowing, /breaks off/)).toContain('the client sees a whole answer');
  });

  it('keeps the stream of a client that left', async () => {
    const holding = wrapping((stream) => {
      const iterator = stream[Symbol.asyncIterator]();
      return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) };
    });
    expect(await complaint(holding, /when the client leaves/)).toContain('the stream it got is not ended');
  });
});
