import { decodePath } from '@webserv/server';
import { describe, expect, test } from 'vitest';
import type { Listing } from './listing.js';
import { readableSize, renderJson, renderPage } from './page.js';
import { Slice } from './slice.js';

describe('a size for people', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [Number.MAX_SAFE_INTEGER, '8.0 PiB'],
  ])('%d bytes is %s', (bytes, text) => {
    expect(readableSize(bytes)).toBe(text);
  });
});

const file = (name: string, modified = 0) => ({ name, kind: 'file' as const, size: 1, modified });
const slice = (): Slice => new Slice(new AbortController().signal);

async function pageOf(path: string, listing: Listing): Promise<string> {
  const decoded = decodePath(path);
  if (decoded === undefined) throw new Error('a path');
  return Buffer.from(await renderPage(decoded, listing, slice())).toString();
}

async function jsonOf(listing: Listing): Promise<unknown> {
  return JSON.parse(Buffer.from(await renderJson(listing, slice())).toString());
}

describe('a page', () => {
  test('says so when the directory holds more than it shows', async () => {
    expect(await pageOf('/many/', { entries: [file('a'), file('b')], complete: false })).toContain(
      'only the first 2 are shown',
    );
    expect(await pageOf('/many/', { entries: [file('a')], complete: true })).not.toContain('are shown');
  });

  test('escapes its own path', async () => {
    expect(await pageOf('/%3Cb%3E&%22/', { entries: [], complete: true })).toContain(
      '<title>Index of /&lt;b&gt;&amp;&quot;/</title>',
    );
  });

  test('ends, and says so, where it would become too long', async () => {
    const entries = Array.from({ length: 40_000 }, (_, index) => file(`${index}-${'"'.repeat(240)}`));
    const page = await pageOf('/', { entries, complete: true });
    expect(page.length).toBeLessThan(9 * 1024 * 1024);
    const [, shown] = /only the first (\d+) are shown/.exec(page) ?? [];
    expect([...page.matchAll(/href="\.\//g)]).toHaveLength(Number(shown));
  });

  test('leaves out a time that no date of four digits tells', async () => {
    const entries = [
      file('a', 1e20),
      file('b', Number.NaN),
      file('c', 9_999_999_999_999_000),
      file('d', -1e15),
    ];
    const page = await pageOf('/', { entries, complete: true });
    expect(page).not.toContain('<time');
    expect(await jsonOf({ entries, complete: true })).toEqual(
      ['a', 'b', 'c', 'd'].map((name) => ({ name, type: 'file', size: 1 })),
    );
  });
});

describe('JSON', () => {
  test('has a last element that says so when the directory holds more', async () => {
    const entries = [file('a'), file('b')];
    const mtime = 'Thu, 01 Jan 1970 00:00:00 GMT';
    const listed = entries.map(({ name }) => ({ name, type: 'file', size: 1, mtime }));
    expect(await jsonOf({ entries, complete: true })).toEqual(listed);
    expect(await jsonOf({ entries, complete: false })).toEqual([...listed, { name: '', type: 'truncated' }]);
    expect(await jsonOf({ entries: [], complete: true })).toEqual([]);
    expect(await jsonOf({ entries: [], complete: false })).toEqual([{ name: '', type: 'truncated' }]);
  });
});
