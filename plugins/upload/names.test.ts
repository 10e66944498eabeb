import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { character } from '../../tests/properties/characters.js';
import { alternative, chooseName, generateName, isAcceptable } from './names.js';

const GENERATED = /^\d{8}T\d{6}-[0-9a-f]{8}\.\w+$/;

describe('the name of a file put to a URL', () => {
  test.each(['a', 'a.txt', 'a b', 'größe.tar.gz', 'gro\u0308ße', 'con', '-rf', '~', 'a..b', 'x'.repeat(255)])(
    'may be %j',
    (name) => expect(isAcceptable(name)).toBe(true),
  );

  test.each([
    '',
    '.',
    '..',
    '.htaccess',
    ' a',
    'a ',
    'a\u0085',
    'a\u2028b',
    'x'.repeat(256),
    'ß'.repeat(128),
  ])('may not be %j', (name) => expect(isAcceptable(name)).toBe(false));
});

describe('the name of a file in a form', () => {
  test.each([
    ['../../x', 'x'],
    ['C:\\Users\\me\\photo.jpg', 'photo.jpg'],
    ['/etc/passwd', 'passwd'],
    ['.htaccess', 'htaccess'],
    ['a\0b\r\n.txt', 'ab.txt'],
    ['  a.txt ', 'a.txt'],
    ['\0. ..a', 'a'],
    ['con', 'con'],
    ['gro\u0308ße', 'größe'],
    ['<b>"&\'.txt', '<b>"&\'.txt'],
  ])('%j becomes %j', (proposed, name) => expect(chooseName(proposed, '')).toBe(name));

  test.each(['', '.', '..', '../', '\0', '/', ' ', 'x'.repeat(256), '...'])(
    '%j gives nothing to use: one is made up',
    (proposed) => expect(chooseName(proposed, 'text/plain')).toMatch(GENERATED),
  );
});

test('any proposal at all becomes one visible segment that a URL can name too', () => {
  const hostile = fc.constantFrom(
    '..',
    '.',
    '/',
    '\\',
    ' ',
    '\0',
    '\u00a0',
    '\u2028',
    '\ud800',
    'a',
    '\u0301',
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: character }), fc.string({ unit: hostile })), (proposed) => {
      const name = chooseName(proposed, '');
      expect(name).toMatch(/^[^./\\\s][^/\\\0]*$/);
      expect(isAcceptable(name)).toBe(true);
    }),
  );
});

describe('a generated name', () => {
  test('has the extension of the content’s type, or .bin', () => {
    expect(generateName('image/png')).toMatch(/\.png$/);
    expect(generateName('text/plain')).toMatch(/\.txt$/);
    expect(generateName('')).toMatch(/\.bin$/);
    expect(generateName('x/../../y')).toMatch(/\.bin$/);
  });

  test('is new each time', () => {
    const names = new Set(Array.from({ length: 1000 }, () => generateName('')));
    expect(names.size).toBe(1000);
    for (const name of names) expect(name).toMatch(GENERATED);
  });
});

test('a taken name is numbered before its extension, at random when a few are taken', () => {
  const tried = (name: string): string[] =>
    Array.from({ length: 3 }, (_, attempt) => alternative(name, attempt));
  expect(tried('a.txt')).toEqual(['a.txt', 'a-1.txt', 'a-2.txt']);
  expect(tried('a')).toEqual(['a', 'a-1', 'a-2']);
  expect(alternative('a.tar.gz', 5)).toBe('a.tar-5.gz');
  expect(alternative('a.txt', 6)).toMatch(/^a-[0-9a-f]{8}\.txt$/);
});

test('a numbered name has at most 255 bytes, and keeps its extension', () => {
  for (const stem of ['x'.repeat(251), 'ß'.repeat(125), '\u{1f600}'.repeat(62)]) {
    for (const attempt of [1, 6]) {
      const name = alternative(`${stem}.txt`, attempt);
      expect(name).toMatch(/^.*[^\ufffd]-(?:1|[0-9a-f]{8})\.txt$/u);
      expect(Buffer.byteLength(name)).toBeGreaterThan(250);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      expect(isAcceptable(name)).toBe(true);
    }
  }
  expect(alternative(`a.${'x'.repeat(253)}`, 1)).toBe(`a.${'x'.repeat(251)}-1`);
});
