import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { builtinPlugins } from '../../src/builtin.js';
import { loadConfig } from '../../src/kernel/config/files/load.js';
import { Watch } from '../../src/process/watch.js';
import { afterwards, inTest } from '../cli/afterwards.js';
import { folderWith, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { responseOf } from './running.js';

const SEED = 20260728;

/** Mulberry32. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Writes as editors and deploys do: in one step, in pieces that may or may not parse, over an emptied file, or by a
 * rename.
 */
async function write(file: string, text: string, random: () => number): Promise<void> {
  const kind = Math.floor(random() * 4);
  if (kind === 0) await writeFile(file, text);
  else if (kind === 1) {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  } else if (kind === 2) {
    await writeFile(file, '');
    await sleep(random() * 500);
    await writeFile(file, text);
  } else {
    const at = Math.floor(random() * text.length);
    await writeFile(file, text.slice(0, at));
    await sleep(random() * 500);
    await appendFile(file, text.slice(at));
  }
}

interface Site {
  readonly file: string;
  readonly part: string;
  readonly conf: (text: string) => string;
}

/** A configuration whose two files each respond with a text. */
async function site(port: number): Promise<Site> {
  const conf = (text: string): string =>
    `server { listen 127.0.0.1:${port}; include part.conf; location = /other { return 200 ${text}; } }`;
  const folder = await folderWith({ 'webserv.conf': conf('start'), 'part.conf': 'return 200 start;' });
  return { file: join(folder, 'webserv.conf'), part: join(folder, 'part.conf'), conf };
}

/** Edits a configuration many times, with the moments and the kinds of edits of this seed. The last texts are `last`. */
async function edit({ file, part, conf }: Site, seed: number, edits: number): Promise<void> {
  const random = numbers(seed);
  for (let count = 1; count <= edits; count += 1) {
    const text = `edit-${count}`;
    if (random() < 0.5) await write(part, `return 200 ${text};`, random);
    else await write(file, conf(text), random);
    await sleep(random() * 900);
  }
  await write(part, 'return 200 last;', random);
  await write(file, conf('last'), random);
}

/**
 * Watches and reads a configuration as a master and its workers do, one reload at a time, each of which takes a while
 * before and after the files are read.
 * @returns a function that returns the texts that are served
 */
async function reloadingHere({ file }: Site, seed: number): Promise<() => readonly string[]> {
  const random = numbers(seed);
  const builtins = builtinPlugins();
  let served: readonly string[] = [];
  let reload: Promise<void> | undefined;
  let isDue = false;
  const load = async (): Promise<void> => {
    await sleep(random() * 300);
    const { watched, config } = await loadConfig(file, { builtins });
    const texts = [await readFile(file, 'utf8'), await readFile(join(file, '../part.conf'), 'utf8')];
    await sleep(random() * 300);
    if (config !== undefined) served = texts;
    watch.end(watched, config !== undefined);
  };
  const changed = (): void => {
    if (reload !== undefined) isDue = true;
    else {
      reload = watch
        .begin()
        .then(load)
        .finally(() => {
          reload = undefined;
          if (!isDue) return;
          isDue = false;
          changed();
        });
    }
  };
  // The check that runs even without notifications would find every edit.
  const watch = new Watch({ changed, warn: () => {}, pollMs: 600_000 });
  afterwards(() => watch.close());
  await load();
  return () => served;
}

/** Seeds of edits. Each begins at another moment of a reload. */
const SEEDS = Array.from({ length: 10 }, (_, index) => SEED + index);

describe.runIf(process.platform === 'linux')(
  'the last of many edits is found, whenever each was made',
  () => {
    it.concurrent.for(SEEDS)('in the edits of seed %d', (seed, context) =>
      inTest(context, async () => {
        const { expect } = context;
        const edited = await site(8080);
        const served = await reloadingHere(edited, -seed);
        await edit(edited, seed, 10);
        await expect.poll(served).toEqual([edited.conf('last'), 'return 200 last;']);
      }),
    );

    it.concurrent('and is served by a server with --watch', (context) =>
      inTest(context, async () => {
        const { expect } = context;
        const edited = await site(await freePort());
        const server = await serving(['--watch', edited.file]);
        await edit(edited, SEED, 3);
        const served = async (): Promise<readonly string[]> => [
          await responseOf(server).catch(String),
          await responseOf({ url: `${server.url}/other` }).catch(String),
        ];
        await expect.poll(served, { interval: 100 }).toEqual(['last', 'last']);
      }));
  },
);

it('an edit while the server starts is served', async () => {
  const folder = await folderWith({
    'webserv.conf': 'load_plugin ./slow.mjs; server { listen 127.0.0.1:0; return 200 old; }',
    'slow.mjs': `import { writeFileSync } from 'node:fs';
      import { definePlugin } from '@webserv/server';
      export default definePlugin({
        name: 'slow',
        async setup() {
          const conf = new URL('webserv.conf', import.meta.url);
          if (!process.argv.includes('standby')) writeFileSync(conf, 'server { listen 127.0.0.1:0; return 200 new; }');
          await new Promise((resolve) => setTimeout(resolve, 300));
        },
      });`,
  });
  const server = await serving(['--watch', join(folder, 'webserv.conf')]);
  await expect.poll(() => server.stderr()).toContain('reloaded: generation 2');
});
