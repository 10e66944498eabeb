import { resolve } from 'node:path';
import {
  bytesOfName,
  childPath,
  decodePath,
  encodePath,
  encodeSegment,
  isUnder,
  nameOfBytes,
  resolvePath,
  resolveUnder,
  safeFileName,
  segmentsOf,
} from '@webserv/server';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const nasty = [
  '..',
  '.',
  '...',
  '%2e%2e',
  '%2E.',
  '.%2e',
  '%252e%252e',
  '%25%32%65',
  '..%2f',
  '..%5c',
  '..\\',
  '%5c..',
  '..;',
  '..%00',
  '%00',
  '%c0%ae%c0%ae',
  '%e0%80%ae',
  '%ff',
  '%',
  '%2',
  '%zz',
  '%u002e',
  '..%20',
  '.. ',
  '%2e%2e%20',
  '',
  'a',
  'img',
  'images',
  'img..',
  '..img',
  '~',
  '%7e',
  'é',
  '%C3%A9',
  '\u2024\u2024',
  '\uff0e\uff0e',
  '\ud800',
  'C:',
  'C:%5c',
  'file:',
  '-',
  '*',
  '|',
  '$HOME',
  '.git',
  'a\nb',
  '%0a',
  '__proto__',
];

const separators = ['/', '/', '/', '//', '\\', '%2f', '%5c', ';/', '/./', '/../', '?'];

const rawPath = fc.oneof(
  fc
    .array(fc.tuple(fc.constantFrom(...nasty), fc.constantFrom(...separators)), { maxLength: 8 })
    .map((parts) => `/${parts.flat().join('')}`),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `/${text}`),
  fc.webPath(),
  fc.string({ maxLength: 30 }),
);

const mappings = [
  { prefix: '/', directory: '/srv/www' },
  { prefix: '/', directory: '/' },
  { prefix: '/img', directory: '/srv/images' },
  { prefix: '/img/small', directory: '/srv/images' },
];

describe('every path stays under its root', { timeout: 60_000 }, () => {
  it('decoded, it is absolute, without dot segments or NUL', () => {
    let accepted = 0;
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = decodePath(raw);
        if (path === undefined) return;
        accepted += 1;
        expect(path.startsWith('/')).toBe(true);
        const segments = path.slice(1).split('/');
        expect(segments.slice(0, -1).every((segment) => !['', '.', '..'].includes(segment))).toBe(true);
        expect(['.', '..']).not.toContain(segments.at(-1));
        expect(path).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(1_000);
  });

  it('as a file, its segments are in the directory, as the system reads them', () => {
    fc.assert(
      fc.property(rawPath, fc.constantFrom(...mappings), (raw, mapping) => {
        const path = decodePath(raw);
        if (path === undefined) return;
        const file = resolveUnder(mapping, path);
        const isFileName = segmentsOf(path).every((segment) => !/[/\0]/.test(segment));
        expect(file !== undefined).toBe(isFileName && isUnder(path, mapping.prefix));
        if (file === undefined) return;
        // The system opens this very text, so nothing is left to resolve; a trailing slash may stay.
        expect(resolve(file)).toBe(file === '/' ? '/' : file.replace(/\/$/, ''));
        expect(isUnder(resolve(file), mapping.directory)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('is decoded once: encoding and decoding it again gives the same path', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = decodePath(raw);
        // A lone surrogate cannot be received: a target's characters are bytes.
        if (path === undefined || !path.isWellFormed()) return;
        const encoded = encodePath(path);
        expect(encoded).toMatch(/^[\w\-.~%/]+$/);
        expect(decodePath(encoded)).toBe(path);
        expect(encoded.split('/').slice(1)).toEqual(segmentsOf(path).map(encodeSegment));
      }),
      { numRuns: 10_000 },
    );
  });

  it('has a unique string for a name of any bytes', () => {
    const root = decodePath('/');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), (bytes) => {
        const name = nameOfBytes(bytes);
        expect(Uint8Array.from(bytesOfName(name))).toEqual(bytes);
        if (root === undefined || name === '.' || name === '..') return;
        const path = childPath(root, name);
        expect(segmentsOf(path)).toEqual([name]);
        expect(resolvePath(encodePath(path))).toBe(path);
        expect(
          decodePath(`/${Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`),
        ).toBe(path);
      }),
      { numRuns: 20_000 },
    );
  });

  it('covers a prefix by whole segments', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.constantFrom('/img', '/img/small', '/'), (path, prefix) => {
        const segments = (text: string) => text.split('/').filter((segment) => segment !== '');
        const decoded = decodePath(path);
        if (decoded === undefined) return;
        const wanted = segments(prefix);
        const begins = wanted.every((segment, index) => segments(decoded)[index] === segment);
        expect(isUnder(decoded, prefix)).toBe(begins);
      }),
      { numRuns: 2_000 },
    );
    expect(isUnder('/images', '/img')).toBe(false);
    expect(isUnder('/img..', '/img')).toBe(false);
  });

  it("never lets a client's file name leave its directory", () => {
    fc.assert(
      fc.property(rawPath, (proposed) => {
        const name = safeFileName(proposed);
        if (name === undefined) return;
        expect(resolve('/store', name)).toBe(`/store/${name}`);
        expect(name).not.toMatch(/^\.|[/\\\p{Cc}]/u);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      }),
      { numRuns: 10_000 },
    );
  });
});
