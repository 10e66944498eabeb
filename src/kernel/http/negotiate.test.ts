import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptedCodings, preferredType } from './negotiate.js';

const offers = ['text/html', 'application/json'] as const;

/** Text of both fields, invalid text included. */
const anyField = fc.string({ unit: fc.constantFrom(...'text/html*;q=01., "\\gzip'.split('')) });

describe('preferredType (RFC 9110 §12.5.1)', () => {
  it.each([
    [undefined, 'text/html'],
    ['', 'text/html'],
    ['*/*', 'text/html'],
    ['application/json', 'application/json'],
    ['APPLICATION/JSON', 'application/json'],
    ['application/*', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['application/json, text/html', 'text/html'],
    ['text/html;q=0.5, application/json', 'application/json'],
    ['text/html;q=0.5, application/json;q=0.4', 'text/html'],
    ['text/html; Q=0.5 , application/json ; q=0.501', 'application/json'],
    ['*/*;q=0.1, application/json;q=0.2', 'application/json'],
    ['*/*, text/html;q=0.1', 'application/json'],
    ['text/*;q=0, */*', 'application/json'],
    ['text/html;q=0, */*;q=0.1', 'application/json'],
    ['text/*;q=0.3, text/html;q=0.7, application/json;q=0.5', 'text/html'],
    ['image/png', undefined],
    ['text/html;q=0, application/json;q=0.000', undefined],
    ['*/*;q=0', undefined],
    ['application/json; charset=utf-8', 'application/json'],
    ['text/html;level=1, application/json;q=0.1', 'application/json'],
    ['text/html;title="a,b;q=0";q=1, application/json;q=0.1', 'application/json'],
  ])('Accept: %s → %s', (accept, expected) => {
    expect(preferredType(accept, offers)).toBe(expected);
  });

  it.each([
    'text',
    '*/html, ,',
    'text/html;q=2',
    'text/html;q=-1',
    'text/html;q=0.1234',
    'text/html;q=',
    '/',
  ])('ignores what is not a media range: %s', (accept) => {
    expect(preferredType(accept, offers)).toBe('text/html');
    expect(preferredType(`${accept}, application/json`, offers)).toBe('application/json');
  });

  it('the most specific range decides, parameters included', () => {
    const levels = ['text/html;level=1', 'text/html'] as const;
    expect(preferredType('text/html;level=1;q=0.3, text/html;q=0.7', levels)).toBe('text/html');
    expect(preferredType('text/html;level=1, text/html;q=0.7', levels)).toBe('text/html;level=1');
    expect(preferredType('text/html;level="1", text/html;q=0.7', levels)).toBe('text/html;level=1');
  });

  it('returns an offer or undefined for any text', () => {
    fc.assert(
      fc.property(anyField, (accept) => {
        expect([...offers, undefined]).toContain(preferredType(accept, offers));
      }),
    );
  });
});

describe('acceptedCodings (RFC 9110 §12.5.3)', () => {
  const codings = [{ name: 'br' }, { name: 'zstd' }, { name: 'gzip' }] as const;
  const accepted = (field: string | undefined): string =>
    acceptedCodings(field, codings)
      .map(({ name }) => name)
      .join(' ');

  it.each([
    [undefined, ''],
    ['', ''],
    [' , ;;,', ''],
    ['gzip', 'gzip'],
    ['GZip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['X-GZIP;q=0.5, br;q=0.4', 'gzip br'],
    ['gzip, deflate, br, zstd', 'br zstd gzip'],
    ['gzip;q=1.0, zstd;q=0.9, br;q=0.8', 'gzip zstd br'],
    ['gzip ; Q=0.5 , br;\tq=0.501', 'br gzip'],
    ['*', 'br zstd gzip'],
    ['*;q=0.1, gzip', 'gzip br zstd'],
    ['br;q=0, *', 'zstd gzip'],
    ['*, br;q=0', 'zstd gzip'],
    ['*;q=0', ''],
    ['*;q=0, gzip', 'gzip'],
    ['gzip;q=0, gzip', ''],
    ['gzip, gzip;q=0', 'gzip'],
    ['identity', ''],
    ['identity, gzip', 'gzip'],
    ['identity;q=0', ''],
    ['identity;q=0, *', 'br zstd gzip'],
    ['identity;q=1, gzip;q=0.5', ''],
    ['identity;q=0.5, gzip;q=0.6, br;q=0.4', 'gzip'],
    ['*;q=0.5, identity;q=0.6', ''],
    ['*;q=0.5, gzip;q=0.3', 'br zstd gzip'],
    ['deflate, compress', ''],
    ['gzip;q=2', ''],
    ['gzip;q=-1', ''],
    ['gzip;q=0.0001', ''],
    ['gzip;q=', ''],
    ['gzip;level=9', ''],
    ['gzip/br', ''],
    [';;,=,gzip', 'gzip'],
  ])('Accept-Encoding: %s → %s', (field, expected) => {
    expect(accepted(field)).toBe(expected);
  });

  it('returns offers only, each at most once, for any text', () => {
    fc.assert(
      fc.property(anyField, (field) => {
        const found = acceptedCodings(field, codings);
        expect(new Set(found).size).toBe(found.length);
        for (const coding of found) expect(codings).toContain(coding);
      }),
    );
  });
});
