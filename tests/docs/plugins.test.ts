import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definePlugin, type Plugin, Stage } from '../../src/index.js';
import { RouteHookTable } from '../../src/kernel/hooks/route-hooks.js';
import { ServerHookTable } from '../../src/kernel/hooks/server-hooks.js';
import { conformance, inject } from '../../src/testing/index.js';
import { blocksOf } from './page.js';
import { isCurlMissing, PageRunner } from './page-runner.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const page = await readFile(here('../../docs/plugins.md'), 'utf8');
const blocks = blocksOf(page);

let runner: PageRunner;

beforeAll(async () => {
  runner = await PageRunner.open(blocks);
});

afterAll(() => runner[Symbol.asyncDispose]());

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
      // Not those of the repository: the plugins are checked against the declarations in the package, as users see them.
      compilerOptions: { noEmit: true, rootDir: '.', outDir: 'out', declaration: false },
      include: [],
      files,
    };
    await writeFile(join(runner.directory, 'tsconfig.json'), JSON.stringify(config));
    const tsc = here('../../node_modules/typescript/bin/tsc');
    const command = `${process.execPath} ${tsc} -p . --singleThreaded`;
    expect(await runner.run(command)).toEqual({ code: 0, printed: '' });
  });

  it.each(blocks.filter(({ language }) => language === 'nginx').map((block) => [block.file, block] as const))(
    'shows %s, which is right where it is not meant to be wrong',
    async (file) => {
      const isMeantWrong = page.includes(`$ webserv --test --config ${file}`);
      expect(await runner.run(`webserv --test --config ${file}`)).toEqual({
        code: isMeantWrong ? 1 : 0,
        printed: expect.any(String),
      });
    },
  );

  for (const block of blocks.filter(({ language }) => language === 'sh')) {
    it.skipIf(isCurlMissing && block.text.includes('curl '))(
      `shows what the commands of line ${block.line} print`,
      { timeout: 60_000 },
      () => runner.runBlock(block),
    );
  }

  it('shows shout.ts, which is tested here', async () => {
    const { default: shout }: { default: Plugin } = await import(join(runner.directory, 'shout.ts'));
    const source = definePlugin({
      name: 'source',
      apply({ hooks }) {
        const type = { 'content-type': 'text/plain' };
        hooks.onRoute.tap({}, () => ({ status: 200, headers: type, body: pieces('gr\u00fc', 'n') }));
      },
    });
    expect(await (await inject([source, shout], 'shout on;')).text()).toBe('GR\u00dcN');
    const conf = 'shout on; return 200 abc;';
    expect(await (await inject(shout, conf)).text()).toBe('ABC');
    const checks = conformance(shout, { conf });
    expect(checks.length).toBeGreaterThan(10);
    for (const { run } of checks) await run();
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

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

/** They are getters of a class. */
function hooksOf(facade: object): readonly string[] {
  const members = Object.getOwnPropertyNames(Object.getPrototypeOf(facade));
  return members.filter((name) => name !== 'constructor');
}
