import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Plugin } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { readTestConfig, valid } from '../../testing/configuration.js';
import { recordingLog } from '../../testing/recording-log.js';
import { prepare } from './server.js';

type Step = 'setup' | 'apply' | 'serve' | 'reopen' | 'dispose';

/** Notes each step of its life, and fails in one. */
function living(name: string, steps: string[], failing?: Step): Plugin {
  const step = (now: Step): void => {
    steps.push(`${name} ${now}`);
    if (now === failing) throw new Error('on purpose');
  };
  return definePlugin({
    name,
    setup() {
      step('setup');
      return {
        serve: () => step('serve'),
        reopen: () => step('reopen'),
        dispose: () => step('dispose'),
      };
    },
    apply: () => step('apply'),
  });
}

const conf = 'plugin_timeout 200ms;\nserver { listen 127.0.0.1:0; return 200; }';

async function prepared(plugins: readonly Plugin[]) {
  const { config } = valid(await readTestConfig(conf, '/', plugins));
  const { log, lines } = recordingLog();
  return { server: await prepare(config, log), lines };
}

describe('the life of a plugin', () => {
  it('is setup, apply, serve, reopen, dispose; those that came last go first', async () => {
    const steps: string[] = [];
    const { server } = await prepared([living('one', steps), living('two', steps)]);
    expect(steps).toEqual(['one setup', 'two setup', 'one apply', 'two apply']);
    const bound = await server.bind();
    await bound.reopen();
    expect(steps.length).toBe(4); // a standby process has opened nothing yet
    const running = await bound.serve();
    await running.reopen();
    await running.stop(0);
    expect(steps.slice(4)).toEqual([
      'one serve',
      'two serve',
      'one reopen',
      'two reopen',
      'two dispose',
      'one dispose',
    ]);
  });

  it.each<[Step, readonly string[]]>([
    ['setup', ['one setup', 'two setup', 'one apply', 'one dispose']],
    ['apply', ['one setup', 'two setup', 'one apply', 'two apply', 'two dispose', 'one dispose']],
    [
      'serve',
      [
        'one setup',
        'two setup',
        'one apply',
        'two apply',
        'one serve',
        'two serve',
        'two dispose',
        'one dispose',
      ],
    ],
  ])('a failure in %s refuses the start and undoes what was made before', async (failing, expected) => {
    const steps: string[] = [];
    const plugins = [living('one', steps), living('two', steps, failing)];
    await expect(startTestServer(conf, {}, { plugins })).rejects.toThrow(
      new RegExp(`plugin "two", ${failing}.*on purpose`),
    );
    expect(steps).toEqual(expected);
  });

  it.each<Step>(['reopen', 'dispose'])(
    'a failure in %s is logged, and the other plugins go on',
    async (failing) => {
      const steps: string[] = [];
      const { server, lines } = await prepared([
        living('one', steps, failing),
        living('two', steps, failing),
      ]);
      const running = await (await server.bind()).serve();
      await running.reopen();
      await running.stop(0);
      expect(steps.slice(6)).toEqual(['one reopen', 'two reopen', 'two dispose', 'one dispose']);
      expect(lines.filter((line) => line.includes(`, ${failing}: Error: on purpose`)).length).toBe(2);
    },
  );

  it('a state that comes too late is disposed of', async () => {
    const steps: string[] = [];
    const slow = definePlugin({
      name: 'slow',
      async setup() {
        await sleep(400);
        return { dispose: () => steps.push('dispose') };
      },
    });
    await expect(startTestServer(conf, {}, { plugins: [slow] })).rejects.toThrow('plugin "slow", setup');
    await expect.poll(() => steps).toEqual(['dispose']);
  });
});
