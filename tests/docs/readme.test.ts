import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf } from './page.js';
import { isCurlMissing, PageRunner } from './page-runner.js';

const read = (path: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

const page = await read('README.md');
const blocks = blocksOf(page);
const sessions = blocks.filter(({ language, text }) => language === 'sh' && text.startsWith('$ '));

describe('README.md', () => {
  let runner: PageRunner;

  beforeAll(async () => {
    runner = await PageRunner.open(blocks);
  });

  afterAll(() => runner[Symbol.asyncDispose]());

  it('shows a first site, a configuration and a plugin', () => {
    expect(sessions.length).toBe(2);
    expect(blocks.map(({ file }) => file).filter((file) => file !== undefined)).toEqual([
      'example.conf',
      'teapot.ts',
      'teapot.conf',
    ]);
  });

  it('shows a configuration that is right', async () => {
    for (const name of ['www', 'uploads']) await mkdir(join(runner.directory, name));
    const { code, printed } = await runner.run('webserv --test --config example.conf');
    expect([code, printed]).toEqual([0, expect.stringContaining('example.conf')]);
  });

  for (const block of sessions) {
    it.skipIf(isCurlMissing)(`shows what the commands of line ${block.line} print`, { timeout: 60_000 }, () =>
      runner.runBlock(block),
    );
  }

  it('names scripts of package.json, its archive, and the Node it needs', async () => {
    const {
      scripts,
      version,
      engines,
    }: { scripts: Record<string, string>; version: string; engines: { node: string } } = JSON.parse(
      await read('package.json'),
    );
    const named = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script);
    expect(named.length).toBeGreaterThan(10);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
    expect(page).toContain(`webserv-server-${version}.tgz`);
    expect(page).toContain(`Node ${engines.node.replace('>=', '')} or later`);
    for (const [archive] of page.matchAll(/webserv-server-[\w.-]+\.tgz/g))
      expect(archive).toBe(`webserv-server-${version}.tgz`);
  });

  it('quotes the figures of bench/results.md', async () => {
    const results = await read('bench/results.md');
    const ratio = (scenario: string, server: string): number => {
      const section = results.split(/^### /m).find((text) => text.startsWith(`${scenario}:`)) ?? '';
      return Number(new RegExp(`^\\| ${server} \\| ([\\d.]+)`, 'm').exec(section)?.[1]);
    };
    const webserv = ratio('1k', 'webserv');
    expect(page).toContain(`it takes ${webserv} of the CPU of nginx`);
    expect(page).toContain(`and ${(webserv / ratio('1k', 'caddy')).toFixed(2)} of Caddy's`);
    expect(page).toContain(`it takes ${ratio('10m', 'webserv').toFixed(1)} times nginx's`);
  });
});
