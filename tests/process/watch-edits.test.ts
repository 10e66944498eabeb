import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { folderWith, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { responseOf } from './running.js';

const SEED = 20260728;
const SERVERS = 5;
const EDITS = 10;

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

/** Edits a served configuration many times, with the moments and the kinds of edits of this seed. */
async function editAndExpect(seed: number): Promise<void> {
  const port = await freePort();
  const conf = (part: string): string =>
    `server { listen 127.0.0.1:${port}; include part.conf; location = /other { return 200 ${part}; } }`;
  const folder = await folderWith({ 'webserv.conf': conf('start'), 'part.conf': 'return 200 start;' });
  const file = join(folder, 'webserv.conf');
  const part = join(folder, 'part.conf');
  const server = await serving(['--watch', file]);
  const random = numbers(seed);
  for (let edit = 1; edit <= EDITS; edit += 1) {
    const text = `edit-${edit}`;
    if (random() < 0.5) await write(part, `return 200 ${text};`, random);
    else await write(file, conf(text), random);
    await sleep(random() * 900);
  }
  await write(part, 'return 200 last;', random);
  await write(file, conf('last'), random);
  const served = async (): Promise<readonly string[]> => [
    await responseOf(server).catch(String),
    await responseOf({ ...server, url: `${server.url}/other` }).catch(String),
  ];
  await expect.poll(served, { interval: 100 }).toEqual(['last', 'last']);
}

it.runIf(process.platform === 'linux')(
  'the last of many edits is served, at whatever moment of a reload each was made',
  async () => {
    await Promise.all(Array.from({ length: SERVERS }, (_, index) => editAndExpect(SEED + index)));
  },
  180_000,
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
