import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { character } from '../../tests/properties/characters.js';
import { jsonText, lineText, MAX_FIELD } from './text.js';

describe('text for a line', () => {
  test('is left as it is where it can stand there', () => {
    expect(lineText('/a%20b?c=d&e=[f] Mozilla/5.0 (X11; ~)')).toBe('/a%20b?c=d&e=[f] Mozilla/5.0 (X11; ~)');
    expect(lineText('')).toBe('');
  });

  test('is escaped as nginx escapes it', () => {
    expect(lineText('"\\\n\r\t\0\x1b[31m\x7f')).toBe('\\x22\\x5C\\x0A\\x0D\\x09\\x00\\x1B[31m\\x7F');
    expect(lineText('caf\xe9 \x9b')).toBe('caf\\xE9 \\x9B');
    expect(lineText('€ 😀')).toBe('\\xE2\\x82\\xAC \\xF0\\x9F\\x98\\x80');
  });

  test('has a bounded length, even where it is escaped', () => {
    expect(lineText('x'.repeat(MAX_FIELD))).toBe('x'.repeat(MAX_FIELD));
    expect(lineText('x'.repeat(MAX_FIELD + 1))).toBe(`${'x'.repeat(MAX_FIELD)}...`);
    expect(lineText('"'.repeat(100_000))).toBe(`${'\\x22'.repeat(MAX_FIELD / 4)}...`);
    expect(JSON.parse(jsonText('\0'.repeat(100_000)))).toBe(`${'\0'.repeat(Math.floor(MAX_FIELD / 6))}...`);
  });

  test('whatever it is, becomes printable ASCII that no quote ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 3000 }), (text) => {
        expect(lineText(text)).toMatch(/^(?:[ !#-[\]-~]|\\x[0-9A-F]{2})*$/);
      }),
    );
  });
});

describe('text for JSON', () => {
  test('is ASCII, and read back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 300 }), (text) => {
        const written = jsonText(text);
        expect(written).toMatch(/^[ -~]*$/);
        expect(JSON.parse(written)).toBe(text);
      }),
    );
  });
});
