import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateIfRange, evaluatePreconditions, type Validators } from './conditional.js';
import type { RequestHeaders } from './message.js';

function headersOf(fields: Readonly<Record<string, string>>): RequestHeaders {
  const lines = new Map(Object.entries(fields));
  return {
    get: (name) => lines.get(name),
    has: (name) => lines.has(name),
    all: (name) => [lines.get(name)].filter((value) => value !== undefined),
    [Symbol.iterator]: () => lines[Symbol.iterator](),
  };
}

function evaluate(fields: Readonly<Record<string, string>>, current: Validators | undefined, method = 'GET') {
  return evaluatePreconditions({ method, headers: headersOf(fields) }, current);
}

const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
const before = 'Sun, 06 Nov 1994 08:49:36 GMT';
const after = 'Sun, 06 Nov 1994 08:49:38 GMT';
const current: Validators = { etag: '"x"', lastModified: Date.UTC(1994, 10, 6, 8, 49, 37, 500) };

describe('If-Match (RFC 9110 §13.1.1)', () => {
  it.each([
    ['*', 'proceed'],
    ['"x"', 'proceed'],
    ['"a", "x"', 'proceed'],
    ['"a",,\t"x" , ', 'proceed'],
    ['"a"', 'failed'],
    ['W/"x"', 'failed'],
    ['x', 'failed'],
    ['"x', 'failed'],
    ['', 'failed'],
    ['"x" "a"', 'failed'],
    ['"x", a', 'failed'],
    ['*, "x"', 'failed'],
    ['w/"x", "x"', 'failed'],
    ['"a b", "x"', 'failed'],
  ])('%s with the tag "x": %s', (field, expected) => {
    expect(evaluate({ 'if-match': field }, current, 'PUT')).toBe(expected);
  });

  it('fails without a representation, even for *', () => {
    expect(evaluate({ 'if-match': '*' }, undefined, 'PUT')).toBe('failed');
    expect(evaluate({ 'if-match': '"x"' }, undefined, 'PUT')).toBe('failed');
  });

  it('compares strongly: a weak tag matches nothing, itself included', () => {
    expect(evaluate({ 'if-match': 'W/"x"' }, { etag: 'W/"x"' })).toBe('failed');
    expect(evaluate({ 'if-match': '"x"' }, { etag: 'W/"x"' })).toBe('failed');
  });

  it('fails for a representation without a tag, except for *', () => {
    expect(evaluate({ 'if-match': '"x"' }, { lastModified: 0 })).toBe('failed');
    expect(evaluate({ 'if-match': '*' }, { lastModified: 0 })).toBe('proceed');
  });
});

describe('If-None-Match (RFC 9110 §13.1.2)', () => {
  it.each([
    ['*', 'not-modified'],
    ['"x"', 'not-modified'],
    ['W/"x"', 'not-modified'],
    ['"a", W/"x"', 'not-modified'],
    ['"a,b","x"', 'not-modified'],
    ['"a"', 'proceed'],
    ['"X"', 'proceed'],
    ['x', 'proceed'],
    ['"x",b', 'proceed'],
  ])('%s with the tag "x": %s', (field, expected) => {
    expect(evaluate({ 'if-none-match': field }, current)).toBe(expected);
    expect(evaluate({ 'if-none-match': field }, current, 'HEAD')).toBe(expected);
  });

  it('fails for an unsafe method', () => {
    expect(evaluate({ 'if-none-match': '*' }, current, 'PUT')).toBe('failed');
    expect(evaluate({ 'if-none-match': '"x"' }, current, 'DELETE')).toBe('failed');
  });

  it('proceeds without a representation', () => {
    expect(evaluate({ 'if-none-match': '*' }, undefined, 'PUT')).toBe('proceed');
    expect(evaluate({ 'if-none-match': '"x"' }, undefined)).toBe('proceed');
  });
});

describe('If-Unmodified-Since (RFC 9110 §13.1.4)', () => {
  it.each([
    [before, 'failed'],
    [date, 'proceed'],
    [after, 'proceed'],
    ['yesterday', 'proceed'],
  ])('%s: %s', (field, expected) => {
    expect(evaluate({ 'if-unmodified-since': field }, current, 'PUT')).toBe(expected);
  });

  it('is ignored without a date to compare with', () => {
    expect(evaluate({ 'if-unmodified-since': before }, { etag: '"x"' })).toBe('proceed');
    expect(evaluate({ 'if-unmodified-since': before }, undefined, 'PUT')).toBe('proceed');
  });
});

describe('If-Modified-Since (RFC 9110 §13.1.3)', () => {
  it.each([
    [before, 'proceed'],
    [date, 'not-modified'],
    [after, 'not-modified'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 'not-modified'],
    ['Sun Nov  6 08:49:37 1994', 'not-modified'],
    ['0', 'proceed'],
  ])('%s: %s', (field, expected) => {
    expect(evaluate({ 'if-modified-since': field }, current)).toBe(expected);
  });

  it('applies to GET and HEAD only', () => {
    expect(evaluate({ 'if-modified-since': date }, current, 'HEAD')).toBe('not-modified');
    expect(evaluate({ 'if-modified-since': date }, current, 'POST')).toBe('proceed');
    expect(evaluate({ 'if-modified-since': date }, current, 'PUT')).toBe('proceed');
  });

  it('is ignored without a date to compare with', () => {
    expect(evaluate({ 'if-modified-since': date }, { etag: '"x"' })).toBe('proceed');
  });
});

describe('the order of preconditions (RFC 9110 §13.2.2)', () => {
  it('without any of them the request proceeds', () => {
    expect(evaluate({}, current)).toBe('proceed');
    expect(evaluate({}, undefined)).toBe('proceed');
  });

  it('If-Match overrides If-Unmodified-Since', () => {
    expect(evaluate({ 'if-match': '"x"', 'if-unmodified-since': before }, current)).toBe('proceed');
    expect(evaluate({ 'if-match': '"a"', 'if-unmodified-since': after }, current)).toBe('failed');
  });

  it('If-None-Match overrides If-Modified-Since', () => {
    expect(evaluate({ 'if-none-match': '"a"', 'if-modified-since': date }, current)).toBe('proceed');
    expect(evaluate({ 'if-none-match': '"x"', 'if-modified-since': before }, current)).toBe('not-modified');
  });

  it('a failed If-Match comes before a matching If-None-Match', () => {
    expect(evaluate({ 'if-match': '"a"', 'if-none-match': '"x"' }, current)).toBe('failed');
    expect(evaluate({ 'if-match': '"x"', 'if-none-match': '"x"' }, current)).toBe('not-modified');
  });

  it('after a passed If-Unmodified-Since the other conditions are evaluated', () => {
    expect(evaluate({ 'if-unmodified-since': date, 'if-modified-since': date }, current)).toBe(
      'not-modified',
    );
  });
});

describe('If-Range (RFC 9110 §13.1.5)', () => {
  it.each([
    ['"x"', true],
    ['"a"', false],
    ['W/"x"', false],
    ['*', false],
    ['"x", "a"', false],
    [date, true],
    [before, false],
    [after, false],
    ['rubbish', false],
  ])('%s: %s', (field, expected) => {
    expect(evaluateIfRange({ headers: headersOf({ 'if-range': field }) }, current)).toBe(expected);
  });

  it('permits ranges when it is absent', () => {
    expect(evaluateIfRange({ headers: headersOf({}) }, current)).toBe(true);
  });

  it('never matches a weak tag', () => {
    expect(evaluateIfRange({ headers: headersOf({ 'if-range': 'W/"x"' }) }, { etag: 'W/"x"' })).toBe(false);
  });

  it.each([
    [-60_000, false],
    [0, false],
    [999, false],
    [1000, true],
    [60_000, true],
  ])(
    'a date is no strong validator within its second (§8.8.2.2): %d ms after it began: %s',
    (later, expected) => {
      const modified = Date.UTC(2026, 0, 31, 12, 0, 0);
      const field = new Date(modified).toUTCString();
      const current = { lastModified: modified + 700 };
      expect(evaluateIfRange({ headers: headersOf({ 'if-range': field }) }, current, modified + later)).toBe(
        expected,
      );
    },
  );
});

describe('entity-tag lists (RFC 9110 §8.8.3, §5.6.1)', () => {
  const tagCharacter = fc.constantFrom(...'abc,!#/W*\x80\xff'.split(''));
  const opaque = fc.string({ unit: tagCharacter, maxLength: 6 }).map((text) => `"${text}"`);
  const tag = fc.tuple(fc.boolean(), opaque).map(([weak, text]) => (weak ? `W/${text}` : text));
  const separator = fc.constantFrom(',', ', ', ' ,', ',,', ', ,\t', '\t,\t');
  const list = fc.array(fc.tuple(tag, separator), { minLength: 1, maxLength: 8 });

  it('any well-formed list contains exactly the tags written in it', () => {
    fc.assert(
      fc.property(list, opaque, (elements, etag) => {
        const field = elements.map(([text, comma]) => text + comma).join('');
        const tags = elements.map(([text]) => text);
        const weakly = tags.some((text) => text.replace(/^W\//, '') === etag);
        expect(evaluate({ 'if-none-match': field }, { etag })).toBe(weakly ? 'not-modified' : 'proceed');
        expect(evaluate({ 'if-match': field }, { etag })).toBe(tags.includes(etag) ? 'proceed' : 'failed');
      }),
    );
  });

  it('any text gives a result', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'W/"x, *\t\x7f'.split('')) }), (field) => {
        expect(['proceed', 'not-modified']).toContain(evaluate({ 'if-none-match': field }, current));
        expect(['proceed', 'failed']).toContain(evaluate({ 'if-match': field }, current));
      }),
    );
  });
});
