import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { character } from '../../tests/properties/characters.js';
import { locationValue } from './location.js';

describe('the value of Location', () => {
  test('keeps a URL as it is', () => {
    const url = 'https://user@example.org:8443/a%20b/c;d=1,2?x=[1]&y=(2)*!$#top';
    expect(locationValue(url, url)).toBe(url);
  });

  test('percent-encodes what may not stand in a URI', () => {
    expect(locationValue('/$uri', '/a b/"é"\\<x>')).toBe('/a%20b/%22%C3%A9%22%5C%3Cx%3E');
    expect(locationValue('/$uri', '/100%/50%zz')).toBe('/100%25/50%25zz');
    expect(locationValue('/x', '/x\r\nSet-Cookie: a=b\0')).toBe('/x%0D%0ASet-Cookie:%20a=b%00');
  });

  test('a path stays on this server whatever its variables hold', () => {
    expect(locationValue('/$args', '//evil.example')).toBe('/evil.example');
    expect(locationValue('$request_uri', '///evil.example/')).toBe('/evil.example/');
    expect(locationValue('/$args', '/\\evil.example')).toBe('/%5Cevil.example');
  });

  test('a URL that names its host in the configuration may', () => {
    expect(locationValue('//cdn.example$uri', '//cdn.example/a')).toBe('//cdn.example/a');
    expect(locationValue('$scheme://$host/', 'http://a.example/')).toBe('http://a.example/');
  });

  test('any text at all becomes a URI without control characters, and doing it twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: character }), (text) => {
        const once = locationValue('https://example.org/$args', text);
        expect(once).toMatch(/^[\w\-.~:/?#[\]@!$&'()*+,;=%]*$/);
        expect(locationValue('https://example.org/$args', once)).toBe(once);
      }),
    );
  });
});
