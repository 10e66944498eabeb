import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from '../../src/index.js';
import { RouteHookTable } from '../../src/kernel/hooks/route-hooks.js';
import { ServerHookTable } from '../../src/kernel/hooks/server-hooks.js';
import { freePort } from '../free-port.js';
import { type Block, blocksOf, commandsOf, patternOf } from './page.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const page = await readFile(here('../../docs/plugins.md'), 'utf8');
const blocks = blocksOf(page);

/** A directory inside the package, so that the package's own name resolves as it does when installed. */
let directory: string;
let port: number;

beforeAll(async () => {
  directory = await mkdtemp(here('work-'));
  port = await freePort();
  const bin = join(directory, 'bin');
  await mkdir(bin);
  const main = here('../../dist/src/cli/main.js');
  await writeFile(join(bin, 'webserv'), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`);
  await chmod(join(bin, 'webserv'), 0o755);
  await writeFile(join(directory, '.curlrc'), 'silent\n'); // no progress is shown on a terminal either
  for (const { file, text } of blocks)
    if (file !== undefined) await writeFile(join(directory, file), here2port(text));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Replaces the page's port 8080, which may be in use. */
const here2port = (text: string): string => text.replaceAll(':8080', `:${port}`);

function shell(command: string): ChildProcess {
  const path = [join(directory, 'bin'), process.env.PATH].join(delimiter);
  // "exec", so that a signal reaches the server and not its shell.
  return spawn('sh', ['-c', command], {
    cwd: directory,
    env: { ...process.env, PATH: path, CURL_HOME: directory, NO_COLOR: '1' },
  });
}

function heard(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (piece: Buffer) => {
      text += String(piece);
    });
  }
  return () => text;
}

/** Runs a block's commands in order. A command that ends with `&` runs in the background until the end of the block. */
async function runBlock(block: Block): Promise<void> {
  const servers: ChildProcess[] = [];
  try {
    for (const { command, output } of commandsOf(block)) {
      if (command.endsWith(' &')) {
        const server = shell(`exec ${command.slice(0, -2)}`);
        servers.push(server);
        const printed = heard(server);
        const ended = once(server, 'exit').then(() => {
          throw new Error(`${command} ended: ${printed()}`);
        });
        ended.catch(() => {});
        const answering = expect.poll(printed, { timeout: 15_000 }).toContain(`http://127.0.0.1:${port}`);
        await Promise.race([answering, ended]);
        continue;
      }
      const child = shell(here2port(command));
      const printed = heard(child);
      await once(child, 'close');
      expect(printed().replaceAll('\r', '').replaceAll(`:${port}`, ':8080'), command).toMatch(
        patternOf(output),
      );
    }
  } finally {
    for (const server of servers) {
      if (server.exitCode !== null) continue;
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
  }
}

/** Without curl its commands are skipped locally; in CI it is required. */
const isCurlMissing = spawnSync('curl', ['--version']).error !== undefined;
if (isCurlMissing) {
  process.stderr.write('tests/docs: curl is not installed, skipping the commands that use it\n');
  if (process.env.CI) throw new Error('curl is required where CI is set');
}

describe('docs/plugins.md', () => {
  it('shows plugins, configurations and commands, and nothing that nobody runs', () => {
    expect(blocks.filter(({ language }) => language === 'ts').length).toBeGreaterThan(6);
    for (const { language, file, line } of blocks) {
      expect(['ts', 'nginx', 'sh'], `line ${line}`).toContain(language);
      expect(file === undefined, `line ${line}`).toBe(language === 'sh');
    }
  });

  it('shows TypeScript that compiles under the strictest settings', { timeout: 60_000 }, async () => {
    const files = blocks.flatMap(({ language, file }) =>
      language === 'ts' && file !== undefined ? [file] : [],
    );
    const config = {
      extends: '../../../tsconfig.json',
      compilerOptions: { noEmit: true, rootDir: '../../..', declaration: false },
      include: [],
      files,
    };
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config));
    const child = shell(`${process.execPath} ${here('../../node_modules/typescript/bin/tsc')} -p .`);
    const printed = heard(child);
    const [code] = await once(child, 'close');
    expect([code, printed()]).toEqual([0, '']);
  });

  it.each(blocks.filter(({ language }) => language === 'nginx').map((block) => [block.file, block] as const))(
    'shows %s, which is right where it is not meant to be wrong',
    async (file) => {
      const child = shell(`webserv --test --config ${file}`);
      const printed = heard(child);
      const [code] = await once(child, 'close');
      const isMeantWrong = page.includes(`$ webserv --test --config ${file}`);
      expect([code, printed()]).toEqual([isMeantWrong ? 1 : 0, expect.any(String)]);
    },
  );

  for (const block of blocks.filter(({ language }) => language === 'sh')) {
    it.skipIf(isCurlMissing && block.text.includes('curl '))(
      `shows what the commands of line ${block.line} print`,
      { timeout: 60_000 },
      () => runBlock(block),
    );
  }

  it('shows shout.ts, which is tested here', async () => {
    await writeFile(
      join(directory, 'shout.test.ts'),
      `import { strictEqual } from 'node:assert';
import { test } from 'node:test';
import { definePlugin } from '@webserv/server';
import { conformance, inject } from '@webserv/server/testing';
import shout from './shout.js';
const source = definePlugin({ name: 'source', apply: ({ hooks }) => hooks.onRoute.tap({}, () => ({
  status: 200, headers: { 'content-type': 'text/plain' }, body: (async function* () { yield Buffer.from('gr\\u00fc'); yield Buffer.from('n'); })(),
})) });
test('streams', async () => strictEqual(await (await inject([source, shout], 'shout on;')).text(), 'GR\\u00dcN'));
test('texts', async () => strictEqual(await (await inject(shout, 'shout on; return 200 abc;')).text(), 'ABC'));
for (const { name, run } of conformance(shout, { conf: 'shout on; return 200 abc;' })) test(name, run);
`,
    );
    const child = shell(`${process.execPath} --import jiti/register --test shout.test.ts`);
    const printed = heard(child);
    const [code] = await once(child, 'close');
    expect([code, code === 0 ? '' : printed()]).toEqual([0, '']);
  });

  it('has every hook and stage there is, by its number', () => {
    const settings = {
      timeoutGroup: () => undefined,
      trace: 'off' as const,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    };
    const hooks = [
      ...Object.keys(new ServerHookTable(settings).facade('a')),
      ...hooksOf(new RouteHookTable({ name: 'b' }, settings).facade('a')),
    ];
    const rows = (heading: string): readonly string[] => {
      const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
      return [...section.matchAll(/^\| `(on\w+|Stage\.\w+)` \| (\d*)/gm)].map(
        ([, name, number]) => `${name} ${number}`,
      );
    };
    expect(rows('Hooks').map((row) => row.trim())).toEqual(hooks);
    expect(rows('Stages')).toEqual(Object.entries(Stage).map(([name, number]) => `Stage.${name} ${number}`));
  });
});

/** They are getters of a class. */
function hooksOf(facade: object): readonly string[] {
  const members = Object.getOwnPropertyNames(Object.getPrototypeOf(facade));
  return members.filter((name) => name !== 'constructor');
}
