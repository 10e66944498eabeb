import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseParameterized, readFormType } from './parameters.js';

function parametersOf(text: string): Record<string, string> | undefined {
  const parsed = parseParameterized(text);
  return parsed && Object.fromEntries(parsed.parameters);
}

describe('a field value with parameters', () => {
  test('has a value and parameters, both with names in any case', () => {
    expect(parseParameterized('Form-Data; NAME="A b"; fileName=c.txt')).toEqual({
      value: 'form-data',
      parameters: new Map([
        ['name', 'A b'],
        ['filename', 'c.txt'],
      ]),
    });
  });

  test('may have white space around semicolons, and empty parameters', () => {
    expect(parametersOf(' a/b \t; ;;c=d ; ')).toEqual({ c: 'd' });
  });

  test('may have white space around the equals sign', () => {
    expect(parametersOf('a; b = c; d\t= "e"; f= g')).toEqual({ b: 'c', d: 'e', f: 'g' });
  });

  test('a quote and a backslash are escaped by a backslash, and nothing else is', () => {
    expect(parametersOf(String.raw`a; b="say \"hi\" \\ C:\temp\x"`)).toEqual({
      b: String.raw`say "hi" \ C:\temp\x`,
    });
  });

  test.each([
    '',
    ';',
    'a b',
    'a; b',
    'a; b="c',
    'a; b="c"d',
    'a; b=c d',
    'a; b=',
    'a; =c',
    'a;b=c=d',
    'a; b="c\\"',
  ])('is refused where it breaks the grammar: %j', (text) =>
    expect(parseParameterized(text)).toBeUndefined(),
  );

  test('is refused with a parameter that comes twice', () => {
    expect(parseParameterized('a; name=x; NAME=y')).toBeUndefined();
  });

  test('any value survives being quoted', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', '\\', 'a', ';', '=', ' ', 'é') }), (value) => {
        const quoted = value.replace(/["\\]/g, String.raw`\$&`);
        expect(parametersOf(`a; b="${quoted}"; c=d`)).toEqual({ b: value, c: 'd' });
      }),
    );
  });

  test('any text at all is read in a moment', () => {
    const text = `a; b="${'\\'.repeat(1_000_000)}`;
    const start = performance.now();
    expect(parseParameterized(text)).toBeUndefined();
    expect(parseParameterized(`a${';'.repeat(100_000)}=`)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('the Content-Type of a form', () => {
  test('names its boundary, in quotes or not', () => {
    expect(readFormType('multipart/form-data; boundary=----x1')).toEqual({
      kind: 'form',
      boundary: '----x1',
    });
    expect(readFormType('Multipart/Form-Data; charset=utf-8; boundary="a b:c"')).toEqual({
      kind: 'form',
      boundary: 'a b:c',
    });
  });

  test.each([
    '',
    '; boundary=',
    '; boundary=""',
    '; boundary="a "',
    `; boundary=${'x'.repeat(71)}`,
    '; boundary="é"',
    '; boundary="a\\"b"',
    '; boundary=a; boundary=b',
    ' boundary=a',
    ', text/plain',
  ])('is malformed without a boundary of RFC 2046 §5.1.1: multipart/form-data%s', (rest) => {
    expect(readFormType(`multipart/form-data${rest}`)).toEqual({ kind: 'malformed' });
  });

  test('is no form when it is anything else', () => {
    expect(readFormType('Text/Plain; charset=utf-8')).toEqual({ kind: 'other', type: 'text/plain' });
    expect(readFormType('multipart/mixed; boundary=a')).toEqual({ kind: 'other', type: 'multipart/mixed' });
    expect(readFormType(undefined)).toEqual({ kind: 'other', type: '' });
    expect(readFormType('???; ;')).toEqual({ kind: 'other', type: '' });
  });
});
