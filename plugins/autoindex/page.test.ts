import { decodePath } from '@webserv/server';
import { describe, expect, test } from 'vitest';
import { readableSize, renderPage } from './page.js';

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

describe('a page', () => {
  const file = (name: string) => ({ name, kind: 'file' as const, size: 1, modified: new Date(0) });

  test('says so when the folder holds more than it shows', () => {
    const path = decodePath('/many/');
    if (path === undefined) throw new Error('a path');
    expect(renderPage(path, { entries: [file('a'), file('b')], complete: false })).toContain(
      'only 2 entries are shown',
    );
    expect(renderPage(path, { entries: [file('a')], complete: true })).not.toContain('are shown');
  });

  test('escapes its own path', () => {
    const path = decodePath('/%3Cb%3E&%22/');
    if (path === undefined) throw new Error('a path');
    expect(renderPage(path, { entries: [], complete: true })).toContain(
      '<title>Index of /&lt;b&gt;&amp;&quot;/</title>',
    );
  });
});
