import assert from 'node:assert/strict';
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
import { character } from './characters.js';

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

/** Paths as browsers send them, some of which begin with the prefixes of `mappings`. */
const webPath = fc
  .array(
    fc.oneof(
      fc.constantFrom('img', 'small', 'images'),
      fc
        .string({ unit: fc.oneof(fc.constantFrom(..."aZ09-._~!$&'()*+,;=:@"), character), maxLength: 8 })
        .map((text) => encodeURI(text).replaceAll('/', '%2F')),
    ),
    { maxLength: 5 },
  )
  .map((segments) => `/${segments.join('/')}`);

const rawPath = fc.oneof(
  fc
    .array(fc.tuple(fc.constantFrom(...nasty), fc.constantFrom(...separators)), { maxLength: 8 })
    .map((parts) => `/${parts.flat().join('')}`),
  fc.string({ unit: character, maxLength: 30 }).map((text) => `/${text}`),
  webPath,
  fc.string({ maxLength: 30 }),
);

const mappings = [
  { prefix: '/', directory: '/srv/www' },
  { prefix: '/', directory: '/' },
  { prefix: '/img', directory: '/srv/images' },
  { prefix: '/img/small', directory: '/srv/images' },
];

/** Control characters and the two separators that end a line for some readers. */
const control = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const isDots = (segment: string): boolean => segment === '.' || segment === '..';

/*
 * Properties check with node:assert, because one `expect` takes longer than decoding a path, and each property has
 * thousands of runs.
 */
describe('every path stays under its root', () => {
  it('decoded, it is absolute, without dot segments or NUL', () => {
    let accepted = 0;
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = decodePath(raw);
        if (path === undefined) return;
        accepted += 1;
        assert.ok(path.startsWith('/'));
        const segments = path.slice(1).split('/');
        assert.ok(!segments.slice(0, -1).some((segment) => segment === '' || isDots(segment)));
        assert.ok(!isDots(segments.at(-1) ?? ''));
        assert.ok(!control.test(path));
      }),
      { numRuns: 8_000 },
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
        assert.equal(file !== undefined, isFileName && isUnder(path, mapping.prefix));
        if (file === undefined) return;
        // The system opens this very text, so nothing is left to resolve; a trailing slash may stay.
        assert.equal(resolve(file), file === '/' ? '/' : file.replace(/\/$/, ''));
        assert.ok(isUnder(resolve(file), mapping.directory));
      }),
      { numRuns: 8_000 },
    );
  });

  it('is decoded once: encoding and decoding it again gives the same path', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = decodePath(raw);
        // A lone surrogate cannot be received: a target's characters are bytes.
        if (path === undefined || !path.isWellFormed()) return;
        const encoded = encodePath(path);
        assert.match(encoded, /^[\w\-.~%/]+$/);
        assert.equal(decodePath(encoded), path);
        assert.deepEqual(encoded.split('/').slice(1), segmentsOf(path).map(encodeSegment));
      }),
      { numRuns: 4_000 },
    );
  });

  it('has a unique string for a name of any bytes', () => {
    const root = decodePath('/');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), (bytes) => {
        const name = nameOfBytes(bytes);
        assert.equal(Buffer.compare(bytesOfName(name), bytes), 0);
        if (root === undefined || name === '.' || name === '..') return;
        const path = childPath(root, name);
        assert.deepEqual(segmentsOf(path), [name]);
        assert.equal(resolvePath(encodePath(path)), path);
        const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
        assert.equal(decodePath(`/${escaped}`), path);
      }),
      { numRuns: 5_000 },
    );
  });

  it('covers a prefix by whole segments', () => {
    const segments = (text: string) => text.split('/').filter((segment) => segment !== '');
    fc.assert(
      fc.property(webPath, fc.constantFrom('/img', '/img/small', '/'), (path, prefix) => {
        const decoded = decodePath(path);
        if (decoded === undefined) return;
        const found = segments(decoded);
        const begins = segments(prefix).every((segment, index) => found[index] === segment);
        assert.equal(isUnder(decoded, prefix), begins);
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
        assert.equal(resolve('/store', name), `/store/${name}`);
        assert.doesNotMatch(name, /^\.|[/\\\p{Cc}]/u);
        assert.ok(Buffer.byteLength(name) <= 200);
      }),
      { numRuns: 4_000 },
    );
  });
});
