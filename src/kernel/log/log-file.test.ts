import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LogFile, LogFileOptions } from './log-file.js';
import { logFile, openLogFile } from './open-log-file.js';

const patience = { interval: 5 };
const run = promisify(execFile);

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'webserv-log-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function opened(path: string, options: LogFileOptions = {}): Promise<{ log: LogFile; told: string[] }> {
  const told: string[] = [];
  const log = await openLogFile(path, { report: (message) => told.push(message), ...options });
  onTestFinished(() => log.close());
  return { log, told };
}

const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** A pipe that the test reads on demand, to imitate a disk of any speed. */
async function pipe(): Promise<{ path: string; read(): Promise<string> }> {
  const path = join(await folder(), 'pipe');
  await run('mkfifo', [path]);
  const handle: FileHandle = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => handle.close());
  const buffer = Buffer.alloc(1024 * 1024);
  const read = async (): Promise<string> => {
    const { bytesRead } = await handle.read(buffer).catch(() => ({ bytesRead: 0 }));
    return buffer.toString('utf8', 0, bytesRead);
  };
  return { path, read };
}

describe('a log file', () => {
  test('is created with mode 0640, appended to, and gets its lines in order', async () => {
    const path = join(await folder(), 'a.log');
    const first = await opened(path);
    first.log.write('one\n');
    first.log.write('two é\n');
    await first.log.close();
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    const second = await opened(path);
    second.log.write('three\n');
    await second.log.close();
    expect(await text(path)).toBe('one\ntwo é\nthree\n');
    second.log.write('after its end\n');
    await second.log.close();
    expect(await text(path)).toBe('one\ntwo é\nthree\n');
  });

  test('collects lines for flushMs, and writes sooner once they are 64 KiB', async () => {
    const path = join(await folder(), 'a.log');
    const { log } = await opened(path, { flushMs: 60_000 });
    log.write('waits\n');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await text(path)).toBe('');
    for (let at = 0; at < 700; at += 1) log.write(`${'x'.repeat(99)}\n`);
    await expect.poll(() => text(path), patience).toMatch(/^waits\nx+\n/);
    const quick = await opened(`${path}.2`, { flushMs: 20 });
    quick.log.write('soon\n');
    await expect.poll(() => text(`${path}.2`), patience).toBe('soon\n');
    quick.log.write('and again\n');
    await expect.poll(() => text(`${path}.2`), patience).toBe('soon\nand again\n');
  });

  test('formats deferred lines in a row and in order, at most 128 at a time, and before any other line is added', async () => {
    const path = join(await folder(), 'a.log');
    const { log, told } = await opened(path, { flushMs: 60_000 });
    let made = 0;
    const late = (name: string) => (): string => {
      made += 1;
      return `${name}\n`;
    };
    for (let at = 0; at < 127; at += 1) log.write(late(`late ${at}`));
    expect(made).toBe(0);
    log.write(late('late 127'));
    expect(made).toBe(128);
    log.write(late('late 128'));
    log.write('at once\n');
    expect(made).toBe(129);
    log.write(() => {
      throw new Error('no line');
    });
    log.write(late('moved'));
    await rename(path, `${path}.1`);
    log.reopen();
    log.write(late('last'));
    await log.close();
    const first = Array.from({ length: 129 }, (_, at) => `late ${at}\n`).join('');
    expect(await text(`${path}.1`)).toBe(`${first}at once\nmoved\n`);
    expect(await text(path)).toBe('last\n');
    expect(told).toEqual([`cannot format a line of ${path}: no line`]);
  });

  test('writes deferred lines as soon as formatted ones', async () => {
    const path = join(await folder(), 'a.log');
    const { log } = await opened(path, { flushMs: 20 });
    log.write(() => 'late\n');
    await expect.poll(() => text(path), patience).toBe('late\n');
    const soon = await opened(`${path}.2`, { flushMs: 0 });
    soon.log.write(() => 'soon\n');
    await expect.poll(() => text(`${path}.2`), patience).toBe('soon\n');
  });

  test('reports to the caller why it cannot be opened', async () => {
    const path = await folder();
    await expect(openLogFile(path)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(openLogFile(join(path, 'none/a.log'))).rejects.toMatchObject({ code: 'ENOENT' });
    await run('mkfifo', [join(path, 'pipe')]);
    await expect(openLogFile(join(path, 'pipe'))).rejects.toMatchObject({ code: 'ENXIO' });
  });

  test('that openSoon() cannot open is retried until it can be opened', async () => {
    const path = join(await folder(), 'logs');
    const told: string[] = [];
    const log = logFile(join(path, 'a.log'), { flushMs: 0, report: (message) => told.push(message) });
    onTestFinished(() => log.close());
    log.write('kept\n');
    await expect.poll(() => told, patience).toHaveLength(1);
    expect(told[0]).toContain('ENOENT');
    await run('mkdir', [path]);
    await expect.poll(() => text(join(path, 'a.log')), patience).toBe('kept\n');
    expect(told).toEqual([told[0], `${join(path, 'a.log')} is written again`]);
  });
});

describe('a reopened log file', () => {
  test('has earlier lines in the old file and later lines in a new one, and loses none', async () => {
    const path = join(await folder(), 'a.log');
    const { log, told } = await opened(path, { flushMs: 50 });
    const given: string[] = [];
    for (let turn = 1; turn <= 5; turn += 1) {
      for (let at = 0; at < 2000; at += 1) {
        const line = `turn ${turn}, line ${at}\n`;
        given.push(line);
        log.write(line);
        if (at % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await rename(path, `${path}.${turn}`);
      log.reopen();
      log.write(`after ${turn}\n`);
      given.push(`after ${turn}\n`);
      await expect.poll(() => text(path), patience).toContain(`after ${turn}`);
    }
    await log.close();
    const files = await Promise.all([1, 2, 3, 4, 5].map((turn) => text(`${path}.${turn}`)));
    expect([...files, await text(path)].join('')).toBe(given.join(''));
    for (const [at, file] of files.entries()) expect(file.endsWith(`turn ${at + 1}, line 1999\n`)).toBe(true);
    expect(told).toEqual([]);
  });

  test('stays on the old file if the new one cannot be opened', async () => {
    const path = join(await folder(), 'a.log');
    const { log, told } = await opened(path, { flushMs: 0 });
    await rename(path, `${path}.1`);
    await run('mkdir', [path]);
    log.reopen();
    log.write('goes on\n');
    await expect.poll(() => text(`${path}.1`), patience).toBe('goes on\n');
    expect(told).toEqual([expect.stringMatching(/cannot reopen .*a\.log: EISDIR/)]);
  });
});

const entry = JSON.stringify(new URL('../../../dist/src/index.js', import.meta.url).href);

/** Accepts more than its limit, and ends when the test says so. */
const LIMITED = `
import { openLogFile } from ${entry};
const log = await openLogFile(process.argv[2], { flushMs: 0 });
for (let at = 0; at < 200; at += 1) log.write(String(at).padStart(99, '0') + '\\n');
process.stdin.on('end', () => log.close()).resume();
`;

describe.runIf(process.platform === 'linux')('a full disk', () => {
  test('is reported once, takes bounded memory and time, and blocks no caller', async () => {
    const { log, told } = await opened('/dev/full', { flushMs: 5, maxWaiting: 256 * 1024 });
    const before = process.memoryUsage().external;
    for (let at = 0; at < 20_000; at += 1) {
      log.write(`${'x'.repeat(499)}\n`);
      if (at % 2000 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(process.memoryUsage().external - before).toBeLessThan(4 * 1024 * 1024);
    // The log retries every second.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(told).toEqual([expect.stringMatching(/cannot write \/dev\/full: ENOSPC/)]);
    await log.close();
    expect(told.at(-1)).toMatch(/\d+ lines were dropped/);
  });

  test('gets the lines once it has space again, with a note of how many are missing', async () => {
    const path = join(await folder(), 'a.log');
    await run('ln', ['-s', '/dev/full', path]);
    const gapLine = (dropped: number): string => `(${dropped} are missing)\n`;
    const { log, told } = await opened(path, { flushMs: 5, maxWaiting: 128 * 1024, gapLine });
    for (let at = 0; at < 3000; at += 1) log.write(`${String(at).padStart(99, '0')}\n`);
    await expect.poll(() => told, patience).toHaveLength(1);
    await rm(path);
    log.reopen();
    await expect.poll(() => told, patience).toHaveLength(2);
    expect(told[1]).toBe(`${path} is written again`);
    log.write('last\n');
    await log.close();
    const lines = (await text(path)).trimEnd().split('\n');
    const kept = lines.length - 2;
    expect(kept).toBeGreaterThan(1000);
    expect(lines.slice(0, kept).map(Number)).toEqual(Array.from({ length: kept }, (_, at) => at));
    expect(lines.slice(kept)).toEqual([`(${3000 - kept} are missing)`, 'last']);
  });

  test('ends a line that was cut off, and has the whole line after it', async () => {
    const directory = await folder();
    const path = join(directory, 'a.log');
    const script = join(directory, 'writer.mjs');
    await writeFile(script, LIMITED);
    const child = spawn('bash', ['-c', `ulimit -S -f 8; exec ${process.execPath} ${script} ${path}`]);
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      told += piece;
    });
    const end = once(child, 'close');
    await expect.poll(() => told, patience).toContain('cannot write');
    expect((await text(path)).endsWith('\n')).toBe(false);
    await run('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
    await expect.poll(() => told, patience).toContain('is written again');
    child.stdin.end();
    await end;
    const lines = (await text(path)).trimEnd().split('\n');
    const whole = lines.filter((line) => line.length === 99);
    expect(whole.map(Number)).toEqual(Array.from({ length: 200 }, (_, at) => at));
    expect(lines).toHaveLength(201);
    expect(told.trimEnd().split('\n')).toHaveLength(2);
  });
});

describe.runIf(process.platform === 'linux')('a slow reader', () => {
  test('gets whole lines in order; lines that do not fit are dropped, counted and reported', async () => {
    const { path, read } = await pipe();
    const { log, told } = await opened(path, { flushMs: 0, maxWaiting: 128 * 1024 });
    for (let at = 0; at < 4000; at += 1) log.write(`${at} ${'x'.repeat(99)}\n`);
    let received = '';
    await expect
      .poll(async () => {
        received += await read();
        log.write('more\n');
        return received.includes('more');
      }, patience)
      .toBe(true);
    await log.close();
    const whole = received.slice(0, received.lastIndexOf('\n')).split('\n');
    for (const line of whole) expect(line).toMatch(/^(?:\d+ x{99}|more)$/);
    const numbers = whole.filter((line) => line !== 'more').map((line) => Number.parseInt(line, 10));
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => at));
    expect(told[0]).toMatch(new RegExp(`: ${4000 - numbers.length} lines were dropped$`));
  });

  test('that never reads does not delay close()', async () => {
    const { path } = await pipe();
    const { log } = await opened(path, { flushMs: 0 });
    for (let at = 0; at < 2000; at += 1) log.write(`${'x'.repeat(99)}\n`);
    const start = performance.now();
    await log.close();
    expect(performance.now() - start).toBeLessThan(30_000);
  });
});

const WRITER = `
import { openLogFile } from ${entry};
const [path, name] = process.argv.slice(2);
const log = await openLogFile(path, { flushMs: 2 });
for (let at = 0; at < 20000; at += 1) {
  log.write(name + ' ' + at + ' ' + name.repeat(at % 300) + ' end\\n');
  if (at % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
await log.close();
`;

describe('several processes', () => {
  test('append to one file without interleaving lines', async () => {
    const directory = await folder();
    const script = join(directory, 'writer.mjs');
    const path = join(directory, 'shared.log');
    await writeFile(script, WRITER);
    const names = ['a', 'b', 'c'];
    const ends = names.map((name) =>
      once(spawn(process.execPath, [script, path, name], { stdio: 'inherit' }), 'close'),
    );
    expect((await Promise.all(ends)).map(([code]) => code)).toEqual([0, 0, 0]);
    const lines = (await text(path)).trimEnd().split('\n');
    for (const name of names) {
      const own = lines.filter((line) => line.startsWith(`${name} `));
      expect(own).toEqual(
        Array.from({ length: 20_000 }, (_, at) => `${name} ${at} ${name.repeat(at % 300)} end`),
      );
    }
    expect(lines).toHaveLength(60_000);
  });
});
