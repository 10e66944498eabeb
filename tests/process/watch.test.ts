import { appendFile, mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { builtinPlugins, publicEntries } from '../../src/builtin.js';
import { loadConfig } from '../../src/kernel/config/files/load.js';
import { Watch } from '../../src/process/watch.js';
import { WatchPoints } from '../../src/process/watch-points.js';
import { afterwards, inTest } from '../cli/afterwards.js';
import { folderWith } from '../cli/webserv.js';

const entries = publicEntries();

/** Checks without notifications would find every change, so they come later than any test ends. */
const POLL_MS = 600_000;
const NOTICED = { interval: 20 };

async function linked(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}

/** Replaces a symbolic link by another one, as Kubernetes and release deploys do. */
async function swapLink(target: string, path: string): Promise<void> {
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}

/** Loads a configuration and watches its files. */
async function watching(file: string) {
  let reports = 0;
  const warnings: string[] = [];
  const watch = new Watch({
    changed: () => (reports += 1),
    warn: (text) => warnings.push(text),
    pollMs: POLL_MS,
  });
  afterwards(() => watch.close());
  const load = async (): Promise<void> => {
    await watch.begin();
    const { watched, config } = await loadConfig(file, { builtins: builtinPlugins(), entries });
    watch.end(watched, config !== undefined);
    // The first check sets up the watchers.
    await sleep(300);
  };
  await load();
  // A system that lets this process watch nothing more would be the reason for a failure.
  const count = (): number => {
    if (warnings.length > 0) throw new Error(warnings.join('; '));
    return reports;
  };
  return { load, reports: count };
}

const SERVER = 'server { listen 127.0.0.1:8080; return 204; }';
const CHANGED = 'server { listen 127.0.0.1:8080; return 200; }';

interface Change {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly conf?: string;
  readonly change: (folder: string) => Promise<unknown>;
}

const CHANGES: readonly Change[] = [
  {
    what: 'a ConfigMap whose ..data is swapped',
    files: { '..1/webserv.conf': SERVER, '..2/webserv.conf': CHANGED },
    links: { '..data': '..1', 'webserv.conf': '..data/webserv.conf' },
    change: (folder) => swapLink('..2', join(folder, '..data')),
  },
  {
    what: 'a ConfigMap whose earlier directory is removed too',
    files: { '..1/webserv.conf': SERVER, '..2/webserv.conf': CHANGED },
    links: { '..data': '..1', 'webserv.conf': '..data/webserv.conf' },
    change: async (folder) => {
      await swapLink('..2', join(folder, '..data'));
      await rm(join(folder, '..1'), { recursive: true });
    },
  },
  {
    what: 'an included file behind a link in sites-enabled that is edited',
    files: { 'webserv.conf': 'include sites-enabled/*;', 'sites-available/one': SERVER },
    links: { 'sites-enabled/one': '../sites-available/one' },
    change: (folder) => appendFile(join(folder, 'sites-available/one'), '# edited\n'),
  },
  {
    what: 'a link in sites-enabled that is removed',
    files: { 'webserv.conf': 'include sites-enabled/*;', 'sites-available/one': SERVER },
    links: { 'sites-enabled/one': '../sites-available/one' },
    change: (folder) => unlink(join(folder, 'sites-enabled/one')),
  },
  {
    what: 'an absolute link to the configuration whose target is replaced',
    files: { 'elsewhere/real.conf': SERVER, 'elsewhere/next': CHANGED },
    links: { 'webserv.conf': 'elsewhere/real.conf' },
    change: (folder) => rename(join(folder, 'elsewhere/next'), join(folder, 'elsewhere/real.conf')),
  },
  {
    what: 'a configuration directory that is swapped',
    files: { 'etc/webserv.conf': SERVER, 'next/webserv.conf': CHANGED },
    conf: 'etc/webserv.conf',
    change: async (folder) => {
      await rename(join(folder, 'etc'), join(folder, 'old'));
      await rename(join(folder, 'next'), join(folder, 'etc'));
    },
  },
  {
    what: 'a configuration directory that is removed and made again',
    files: { 'etc/webserv.conf': SERVER },
    conf: 'etc/webserv.conf',
    change: async (folder) => {
      await rm(join(folder, 'etc'), { recursive: true });
      await sleep(600);
      await mkdir(join(folder, 'etc'));
      await sleep(600);
      await writeFile(join(folder, 'etc/webserv.conf'), CHANGED);
    },
  },
  {
    what: 'a directory two above the configuration that is a link to another release',
    files: { 'releases/1/etc/webserv.conf': SERVER, 'releases/2/etc/webserv.conf': CHANGED },
    links: { current: 'releases/1' },
    conf: 'current/etc/webserv.conf',
    change: (folder) => swapLink('releases/2', join(folder, 'current')),
  },
  {
    what: 'an include directory that is swapped',
    files: { 'webserv.conf': 'include parts/*.conf;', 'parts/a.conf': SERVER, 'next/a.conf': CHANGED },
    change: async (folder) => {
      await rename(join(folder, 'parts'), join(folder, 'old'));
      await rename(join(folder, 'next'), join(folder, 'parts'));
    },
  },
  {
    what: 'an include directory that is made after the start',
    files: { 'webserv.conf': `include parts/*.conf;\n${SERVER}` },
    change: async (folder) => {
      await mkdir(join(folder, 'parts'));
      await sleep(600);
      await writeFile(join(folder, 'parts/a.conf'), 'server { listen 127.0.0.1:8081; return 204; }');
    },
  },
  {
    what: 'a new directory that a pattern finds a file in',
    files: { 'webserv.conf': 'include sites/*/site.conf;', 'sites/one/site.conf': SERVER },
    change: async (folder) => {
      await mkdir(join(folder, 'sites/two'));
      await sleep(600);
      await writeFile(join(folder, 'sites/two/site.conf'), 'server { listen 127.0.0.1:8081; return 204; }');
    },
  },
  {
    what: 'a file that comes into a directory that a pattern passes',
    files: {
      'webserv.conf': 'include sites/**/*.conf;',
      'sites/one/a.conf': SERVER,
      'sites/two/b/c/.keep': '',
    },
    change: (folder) => writeFile(join(folder, 'sites/two/b/c/d.conf'), ''),
  },
  {
    what: 'an included file that is missing and made',
    files: { 'webserv.conf': `include parts/one.conf;\n${SERVER}` },
    change: async (folder) => {
      await mkdir(join(folder, 'parts'));
      await writeFile(join(folder, 'parts/one.conf'), '');
    },
  },
  {
    what: 'what a configuration in TypeScript imports from elsewhere',
    files: {
      'app/webserv.config.ts': `import { port } from '../shared/settings.js';\nexport default { server: { listen: port, return: [204] } };`,
      'shared/settings.ts': `export { port } from './deep/port';`,
      'shared/deep/port.ts': 'export const port = 8080;',
    },
    conf: 'app/webserv.config.ts',
    change: (folder) => writeFile(join(folder, 'shared/deep/port.ts'), 'export const port = 8081;'),
  },
  {
    what: 'what a plugin imports from elsewhere',
    files: {
      'webserv.conf': `load_plugin ./plugins/own.mjs;\n${SERVER}`,
      'plugins/own.mjs': `import { definePlugin } from '@webserv/server';\nimport '../lib/word.mjs';\nexport default definePlugin({ name: 'own' });`,
      'lib/word.mjs': 'globalThis.word = 1;',
    },
    change: (folder) => writeFile(join(folder, 'lib/word.mjs'), 'globalThis.word = 2;'),
  },
  {
    what: 'a plugin that is missing and made',
    files: { 'webserv.conf': `load_plugin ./plugins/own.mjs;\n${SERVER}` },
    change: async (folder) => {
      await mkdir(join(folder, 'plugins'));
      await sleep(600);
      await writeFile(join(folder, 'plugins/own.mjs'), '');
    },
  },
  {
    what: 'a plugin that is not installed and then is',
    files: { 'webserv.conf': `load_plugin nowhere;\n${SERVER}` },
    change: async (folder) => {
      await mkdir(join(folder, 'node_modules/webserv-plugin-nowhere'), { recursive: true });
      await writeFile(join(folder, 'node_modules/webserv-plugin-nowhere/package.json'), '{}');
    },
  },
  {
    what: 'a file that may be read by others from now on',
    files: { 'webserv.conf': SERVER },
    change: async (folder) => (await import('node:fs/promises')).chmod(join(folder, 'webserv.conf'), 0o600),
  },
];

// The tests of a block wait at the same time; each has a directory of its own.
describe.runIf(process.platform === 'linux')('--watch notices', () => {
  it.concurrent.for(CHANGES)('$what', ({ files, links = {}, conf = 'webserv.conf', change }, context) =>
    inTest(context, async () => {
      const { expect } = context;
      const folder = await folderWith(files);
      for (const [path, target] of Object.entries(links)) await linked(target, join(folder, path));
      const { reports } = await watching(join(folder, conf));
      expect(reports()).toBe(0);
      await change(folder);
      await expect.poll(reports, NOTICED).toBeGreaterThan(0);
    }),
  );

  it.concurrent('changes while the configuration is being read', (context) =>
    inTest(context, async () => {
      const { expect } = context;
      const folder = await folderWith({ 'webserv.conf': SERVER });
      const file = join(folder, 'webserv.conf');
      let reports = 0;
      const watch = new Watch({ changed: () => (reports += 1), warn: () => {}, pollMs: POLL_MS });
      afterwards(() => watch.close());
      const first = await loadConfig(file, { builtins: builtinPlugins(), entries });
      watch.end(first.watched, true);
      await sleep(400);
      await watch.begin();
      const { watched } = await loadConfig(file, { builtins: builtinPlugins(), entries });
      await writeFile(file, CHANGED);
      await sleep(400);
      expect(reports).toBe(0);
      watch.end(watched, true);
      await expect.poll(() => reports, NOTICED).toBe(1);
    }));

  it.concurrent('a second change in a directory that was replaced before', (context) =>
    inTest(context, async () => {
      const { expect } = context;
      const folder = await folderWith({ 'etc/webserv.conf': SERVER, 'next/webserv.conf': CHANGED });
      const { load, reports } = await watching(join(folder, 'etc/webserv.conf'));
      await rename(join(folder, 'etc'), join(folder, 'old'));
      await rename(join(folder, 'next'), join(folder, 'etc'));
      await expect.poll(reports, NOTICED).toBeGreaterThan(0);
      await load();
      const before = reports();
      await writeFile(join(folder, 'etc/webserv.conf'), SERVER);
      await expect.poll(reports, NOTICED).toBeGreaterThan(before);
    }));

  it.concurrent('no changes of other files in the same directories', (context) =>
    inTest(context, async () => {
      const { expect } = context;
      const folder = await folderWith({
        'webserv.conf': `load_plugin ./own.mjs;\ninclude parts/*.conf;\n${SERVER}`,
        'own.mjs': `import { definePlugin } from '@webserv/server';\nexport default definePlugin({ name: 'own' });`,
        'parts/a.conf': '',
      });
      const { reports } = await watching(join(folder, 'webserv.conf'));
      for (let count = 0; count < 20; count += 1) {
        await appendFile(join(folder, 'error.log'), 'a line\n');
        await appendFile(join(folder, 'parts/notes.txt'), 'a line\n');
        await sleep(50);
      }
      await sleep(1500);
      expect(reports()).toBe(0);
    }));
});

describe('the directories that are watched', () => {
  it('are bounded', async () => {
    const folder = await folderWith();
    for (let count = 0; count < 40; count += 1) await mkdir(join(folder, `d/${count}`), { recursive: true });
    const points = new WatchPoints(20);
    await points.addPattern({ pattern: 'd/*/x.conf', from: folder });
    expect([points.directories.size, points.full]).toEqual([20, true]);
  });

  it('end at circular links', async () => {
    const folder = await folderWith();
    await symlink('b', join(folder, 'a'));
    await symlink('a', join(folder, 'b'));
    await symlink('.', join(folder, 'self'));
    const points = new WatchPoints(100);
    expect(await points.addPath(join(folder, 'a/x'))).toBeUndefined();
    await points.addPattern({ pattern: '**/x.conf', from: folder });
    expect(points.directories.get(folder)).toBe('any');
  });
});
