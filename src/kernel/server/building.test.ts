import { type ApplyContext, definePlugin, type Plugin, type SetupContext } from '@webserv/server';
import { describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/index.js';

const never = (): Promise<never> => new Promise(() => {});
const named = (definition: Omit<Parameters<typeof definePlugin>[0], 'name'>): Plugin =>
  definePlugin({ name: 'under-test', ...definition });

/** Why a server does not start. */
async function refusal(plugin: Plugin): Promise<string> {
  const starting = startTestServer(
    'plugin_timeout 100ms;\nserver { listen 127.0.0.1:0; return 200 text; }',
    {},
    { plugins: [plugin] },
  );
  return starting.then(
    () => 'it starts',
    (error: unknown) => String(error),
  );
}

describe('a plugin that does not come to an end while a server is built is told by name', () => {
  it.each([
    ['setup', named({ setup: never })],
    ['apply', named({ apply: never })],
    ['onConfig', named({ setup: ({ hooks }) => hooks.onConfig.tapPromise({}, never) })],
  ])('%s', async (step, plugin) => {
    const said = await refusal(plugin);
    expect(said).toContain(step);
    expect(said).toContain('did not end within 0.1 s');
  });
});

it('a plugin that cannot be disposed of does not keep a server from its end', async () => {
  const plugin = named({ setup: () => ({ dispose: never }) });
  const server = await startTestServer(
    'plugin_timeout 100ms;\nserver { listen 127.0.0.1:0; return 200; }',
    {},
    { plugins: [plugin] },
  );
  await server[Symbol.asyncDispose]();
  expect(server.log.join('')).toContain('plugin "under-test", dispose: Error: did not end within');
});

describe('a tap that cannot be', () => {
  it('without a function is refused with what it takes', async () => {
    const setup = ({ hooks }: SetupContext<unknown>): void => {
      // Plain JavaScript, where no compiler reports missing options.
      const tap: unknown = hooks.onRequest.tap;
      if (typeof tap === 'function') tap(() => undefined);
    };
    expect(await refusal(named({ setup }))).toContain('a tap takes its options, then a function');
  });

  it.each<[object, string]>([
    [{ stage: Number.NaN }, '"stage" must be a number, such as Stage.access, got NaN'],
    [{ stage: undefined }, '"stage" must be a number, such as Stage.access, got undefined'],
    [{ stge: 1 }, 'taps onRequest with the option "stge": did you mean "stage"?'],
    [{ methods: ['GET'] }, 'taps onRequest with the option "methods": expected one of stage, timeout'],
    [{ timeout: '5s' }, '"timeout" must be milliseconds, or Infinity, got 5s'],
  ])('with an option that means nothing is refused: %o', async (options, message) => {
    const setup = ({ hooks }: SetupContext<unknown>): void =>
      Reflect.apply(hooks.onRequest.tap, hooks.onRequest, [options, () => undefined]);
    expect(await refusal(named({ setup }))).toContain(message);
  });

  it.each<['onRoute' | 'onResponse' | 'onDone', unknown, string]>([
    // The value of a misspelled `Stage.acess`: the tap would run after the responses that it is meant to reject.
    ['onRoute', { stage: undefined }, 'plugin "under-test" taps onRoute: "stage" must be a number'],
    ['onRoute', { methods: ['get'] }, '"methods" must be a list of methods in capitals, got get'],
    ['onRoute', { answer: true }, 'the option "answer": did you mean "answers"?'],
    ['onRoute', 'under-test', 'taps onRoute with a string: a tap takes its options, then a function'],
    ['onResponse', { refused: true }, 'taps onResponse with the option "refused": expected one of'],
    ['onDone', { refused: 'yes' }, '"refused" must be true or false, got yes'],
    ['onDone', { constructor: 1 }, 'taps onDone with the option "constructor"'],
  ])('with an option that means nothing is refused: %s %o', async (hook, options, message) => {
    const apply = ({ hooks }: ApplyContext<unknown, unknown>): void =>
      Reflect.apply(hooks[hook].tap, hooks[hook], [options, () => undefined]);
    expect(await refusal(named({ apply }))).toContain(message);
  });

  it('after the server is built is refused, for routes and for all', async () => {
    let tapLate = (): void => {};
    const plugin = named({
      setup: ({ hooks }) => {
        tapLate = () => hooks.onRequest.tap({}, () => ({ status: 200 }));
      },
    });
    await using server = await startTestServer('return 200;', {}, { plugins: [plugin] });
    expect(tapLate).toThrow('plugin "under-test" taps onRequest after setup and apply');
    const taps: (() => void)[] = [];
    const late = named({
      apply: ({ hooks }) => {
        taps.push(() => hooks.onDone.tap({}, () => {}));
      },
    });
    await using other = await startTestServer('return 200;', {}, { plugins: [late] });
    expect(taps[0]).toThrow('plugin "under-test" taps onDone after setup and apply');
    expect([(await server.fetch('/')).status, (await other.fetch('/')).status]).toEqual([200, 200]);
  });
});
