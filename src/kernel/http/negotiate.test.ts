import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preferredType } from './negotiate.js';

const offers = ['text/html', 'application/json'] as const;

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
  ])('passes over what is no media range: %s', (accept) => {
    expect(preferredType(accept, offers)).toBe('text/html');
    expect(preferredType(`${accept}, application/json`, offers)).toBe('application/json');
  });

  it('the most specific range decides, parameters included', () => {
    const levels = ['text/html;level=1', 'text/html'] as const;
    expect(preferredType('text/html;level=1;q=0.3, text/html;q=0.7', levels)).toBe('text/html');
    expect(preferredType('text/html;level=1, text/html;q=0.7', levels)).toBe('text/html;level=1');
    expect(preferredType('text/html;level="1", text/html;q=0.7', levels)).toBe('text/html;level=1');
  });

  it('answers any text with an offer or nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'text/html*;q=01., "\\'.split('')) }), (accept) => {
        expect([...offers, undefined]).toContain(preferredType(accept, offers));
      }),
    );
  });
});
