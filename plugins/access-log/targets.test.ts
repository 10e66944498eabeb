import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Targets } from './targets.js';

test('one path is one file, and a rotated one gets what was taken before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'webserv-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const nothing = (): void => {};
  const told: string[] = [];
  const targets = new Targets({
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: (one) => told.push(one),
  });
  const path = join(folder, 'a.log');
  const place = { file: 'test.conf', line: 1, column: 1, text: '', length: 1 };
  const one = await targets.open({ path, format: 'combined', place });
  const other = await targets.open({ path, format: 'json', place });
  expect(other.file).toBe(one.file);
  one.file.write('before\n');
  await rename(path, `${path}.1`);
  await targets.reopen();
  other.file.write('after\n');
  await targets.dispose();
  expect(await readFile(`${path}.1`, 'utf8')).toBe('before\n');
  expect(await readFile(path, 'utf8')).toBe('after\n');
  expect(told).toEqual([]);
});
