import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runInLoaderProcess } from '../../src/cli/loader-process.js';
import { commandLine } from './in-process.js';
import { folderWith, start, webserv } from './webserv.js';

const good = 'server: { listen: "127.0.0.1:0", return: [200, "x"] }';

/** Programs that end, or never end, before they have exported a configuration. JavaScript is loaded sooner. */
const programs: readonly (readonly [what: string, file: string, program: string, message: string])[] = [
  ['process.exit(0)', 'a.ts', 'process.exit(0);', 'ended without a result (exit 0'],
  ['process.exit(1)', 'a.mjs', 'process.exit(1);', 'ended without a result (exit 1'],
  ['an await without end', 'a.mjs', 'await new Promise(() => {});', 'never settles'],
  ['a signal', 'a.mjs', 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {});', '(SIGKILL)'],
  ['an abort', 'a.mjs', 'process.abort();', '(SIGABRT)'],
  ['a lost channel', 'a.mjs', 'process.disconnect();', 'ended without a result'],
];

describe('a configuration whose program does not export it', () => {
  it.each(programs)('fails the test: %s in %s', async (_what, file, program, message) => {
    const cwd = await folderWith({ [file]: `${program}\nexport default { ${good} };` });
    const { code, stdout, stderr } = await commandLine(['--test', file], { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });

  it('fails the test: an error in a timer', async () => {
    const program =
      'setTimeout(() => { throw new Error("late"); }); await new Promise((r) => setTimeout(r, 200));';
    const cwd = await folderWith({ 'a.mjs': `${program}\nexport default { ${good} };` });
    const { code, stdout, stderr } = await webserv(['--test', 'a.mjs'], { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('uncaught error in the configuration, a plugin or webserv: Error: late');
  });

  it.each([
    ['--print-config', 'a.mjs'],
    ['-s', 'reload', '-c', 'a.mjs'],
    ['-s', 'stop', '-c', 'a.mjs'],
    ['explain', '/', '-c', 'a.mjs'],
    ['plugins', '-c', 'a.mjs'],
    ['schema', '-c', 'a.mjs'],
  ])('fails %s %s', async (...args) => {
    const cwd = await folderWith({ 'a.mjs': `process.exit(0);\nexport default { ${good} };` });
    const { code, stdout, stderr } = await commandLine(args, { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('ended without a result (exit 0: does it call process.exit()?)');
  });

  it.each([
    ['when it is imported', 'process.exit(0);'],
    ['in setup', 'export default definePlugin({ name: "p", setup() { process.exit(0); } });'],
    ['in apply', 'export default definePlugin({ name: "p", apply() { process.exit(0); } });'],
  ])('fails the test where a plugin ends the process %s', async (_when, text) => {
    const cwd = await folderWith({
      'a.conf': 'load_plugin ./p.mjs;\nserver { listen 127.0.0.1:0; return 200; }',
      'p.mjs': `import { definePlugin } from '@webserv/server';\n${text}`,
    });
    const { code, stderr } = await commandLine(['-t', 'a.conf'], { cwd });
    expect([code, stderr]).toEqual([1, expect.stringContaining('ended without a result (exit 0')]);
  });

  it('is not served either: the start is exit 1, with the reason', async () => {
    const cwd = await folderWith({ 'a.mjs': `process.exit(0);\nexport default { ${good} };` });
    const { code, stdout, stderr } = await webserv(['a.mjs'], { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('a worker ended before it served (exit 0');
  });

  it('keeps its own output out of the command’s output', async () => {
    const cwd = await folderWith({
      'a.mjs': `console.log('noise'); process.stdout.write('more');\nexport default { ${good} };`,
    });
    const { code, stdout, stderr } = await webserv(['-T', 'a.mjs'], { cwd });
    expect([code, stderr]).toEqual([0, expect.stringContaining('noise')]);
    expect(stdout).toMatch(/^# What a\.mjs configures/);
    expect(stdout).not.toContain('noise');
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a configuration that never finishes loading', () => {
  /** Like an endless loop, which would keep the processor busy. */
  const blocked = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';

  it('ends with the command that loads it', async () => {
    const cwd = await folderWith({
      'a.mjs': `console.error('pid', process.pid); ${blocked}\nexport default { ${good} };`,
    });
    const { child, texts, ended } = start(['-t', 'a.mjs'], { cwd });
    await expect.poll(() => texts.stderr).toMatch(/pid \d+/);
    const pid = Number(/pid (\d+)/.exec(texts.stderr)?.[1]);
    child.kill('SIGTERM');
    await ended;
    expect(child.signalCode).toBe('SIGTERM');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  afterEach(() => vi.restoreAllMocks());

  it('is given up after the time limit', async () => {
    const cwd = await folderWith({ 'a.mjs': `${blocked}\nexport default { ${good} };` });
    const written: unknown[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.push(text);
      return true;
    });
    expect(await runInLoaderProcess(['-t', join(cwd, 'a.mjs')], 1000)).toBe(1);
    expect(written.join('')).toContain('was not loaded within 1 s');
  });
});
