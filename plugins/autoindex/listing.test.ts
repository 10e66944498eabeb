import { linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePath, openDirectory, resolveUnder } from '@webserv/server';
import { expect, onTestFinished, test } from 'vitest';
import { readListing } from './listing.js';

async function namesOf(names: readonly string[], limit: number, links: readonly string[] = []) {
  const directory = mkdtempSync(join(tmpdir(), 'listing-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const [first = 'a', ...others] = names;
  writeFileSync(join(directory, first), '');
  // Hard links are ten times as cheap as files.
  for (const name of others) linkSync(join(directory, first), join(directory, name));
  for (const name of links) symlinkSync('.', join(directory, name));
  const boundary = { directory, followSymlinks: false };
  const root = decodePath('/');
  const path = root && resolveUnder({ prefix: '/', directory }, root);
  const lookup = path && (await openDirectory(path, boundary));
  if (lookup?.kind !== 'directory') throw new Error('the test directory is not there');
  try {
    const { signal } = new AbortController();
    const { entries, complete } = await readListing(lookup.directory, boundary, { signal, limit });
    return { names: entries.map(({ name }) => name), complete };
  } finally {
    await lookup.directory.close();
  }
}

test('beyond its limit a listing has the first names by their order, wherever the directory has them', async () => {
  const names = Array.from({ length: 300 }, (_, index) => `n${index}`);
  const shuffled = names.toSorted((a, b) => (a.length + a).localeCompare(b.length + b));
  expect(await namesOf(shuffled, 10)).toEqual({ names: names.slice(0, 10), complete: false });
  expect(await namesOf(shuffled, 299)).toEqual({ names: names.slice(0, 299), complete: false });
  expect(await namesOf(shuffled, 300)).toEqual({ names, complete: true });
});

test('directories come first within the limit, links to them too', async () => {
  expect(await namesOf(['a', 'b', 'c'], 2, ['z'])).toEqual({ names: ['z', 'a'], complete: false });
});

test('names that are left out do not count', async () => {
  expect(await namesOf(['.hidden', '.too', 'a', 'b'], 2)).toEqual({ names: ['a', 'b'], complete: true });
});
