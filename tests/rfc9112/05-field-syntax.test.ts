import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, get, type RecordingServer, SECOND, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const refused = (bytes: string, status = 400) => expectRefused(recording, bytes, status);
const fieldsOf = async (...fields: readonly string[]) => {
  const { requests } = await recording.talk(get(...fields, 'Connection: close'));
  return requests[0]?.fields;
};

describe('5 field syntax', () => {
  it('has names of token characters, in any case', async () => {
    const name = "!#$%&'*+-.^`|~09azAZ";
    expect(await fieldsOf(`${name}: b`)).toContainEqual([name.toLowerCase(), 'b']);
  });

  it.each([
    ['an empty name', ': b'],
    ['no colon', 'X'],
    ['no colon, but a space', 'X b'],
    ['a bracket', 'Bad[Name: b'],
    ['a parenthesis', 'X(a): b'],
    ['a quote', '"X": b'],
    ['a slash', 'a/b: c'],
    ['an at sign', '@: c'],
    ['an equals sign', 'a=b: c'],
    ['a comma', 'a,b: c'],
    ['a semicolon', 'a;b: c'],
    ['a backslash', 'a\\b: c'],
    ['a brace', '{a}: c'],
    ['a question mark', 'a?: c'],
    ['a NUL', 'a\0b: c'],
    ['a tab', 'Content\tLength: 99'],
    ['a control', 'a\x01b: c'],
    ['DEL', 'a\x7fb: c'],
    ['a byte of 0x80', 'a\x80b: c'],
    ['a letter beyond ASCII', 'X-\xe9: c'],
    ['a no-break space', 'X\xa0: c'],
  ])('refuses a name with %s', (_, line) => refused(get(line)));
});

describe('5.1 field line parsing', () => {
  it.each([
    'X : b',
    'X\t: b',
    'X  : b',
    'Content-Length : 5',
    'Transfer-Encoding : chunked',
    'Host : a',
    'X :b',
  ])('responds with 400 to white space between name and colon: %j', (line) => refused(get(line)));

  it.each([
    ['X:b', 'b'],
    ['X: b', 'b'],
    ['X:\tb', 'b'],
    ['X: \t b \t ', 'b'],
    ['X: b c\td', 'b c\td'],
    ['X:', ''],
    ['X: ', ''],
    ['X: \t', ''],
    ['X: :', ':'],
    ['X: a: b', 'a: b'],
    ['X: "a, b"', '"a, b"'],
    ['X: \xa0b\xa0', '\xa0b\xa0'],
  ])('removes white space around the value, and nothing else: %j', async (line, value) => {
    expect(await fieldsOf(line)).toContainEqual(['x', value]);
  });

  it.each([
    ['NUL', '\0'],
    ['SOH', '\x01'],
    ['BS', '\x08'],
    ['VT', '\x0b'],
    ['FF', '\x0c'],
    ['ESC', '\x1b'],
    ['US', '\x1f'],
    ['DEL', '\x7f'],
    ['CR', '\r'],
    ['LF', '\n'],
  ])('rejects a value with %s at any position', async (_, control) => {
    for (const line of [`X: ${control}`, `X: a${control}b`, `X:${control}a`, `X: a${control}`]) {
      await refused(get(line));
    }
  });

  it('accepts every byte that a value may have', async () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter(
      (byte) => (byte >= 0x20 && byte !== 0x7f) || byte === 9,
    );
    const value = `a${String.fromCharCode(...bytes)}z`;
    expect(await fieldsOf(`X: ${value}`)).toContainEqual(['x', value]);
  });
});

describe('5.2 obsolete line folding', () => {
  it.each([
    ['a space', 'X: a\r\n b'],
    ['a tab', 'X: a\r\n\tb'],
    ['nothing but white space', 'X: a\r\n '],
    ['an empty first line', 'X:\r\n b'],
    ['Transfer-Encoding', 'Transfer-Encoding:\r\n chunked'],
    ['Content-Length', 'Content-Length:\r\n 5'],
    ['a second Host', 'X: a\r\n Host: b'],
  ])('rejects a message with it: %s', (_, line) => refused(get(line)));
});

describe('limits (RFC 6585 §5)', () => {
  it('responds with 431 to more than 100 fields, including Host', async () => {
    const fields = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: ${index}`);
    expect(await fieldsOf(...fields(98))).toHaveLength(100);
    await refused(get(...fields(100)), 431);
    await refused(get(...fields(1000)), 431);
  });

  it('counts fields with an underscore too', () =>
    refused(get(...Array.from({ length: 200 }, (_, index) => `X_${index}: a`)), 431));

  it('responds with 431 to a head larger than 16 KiB', async () => {
    const frame = get('X: ', 'Connection: close').length;
    expect(await fieldsOf(`X: ${'a'.repeat(16_384 - frame)}`)).toContainEqual([
      'x',
      'a'.repeat(16_384 - frame),
    ]);
    await refused(get(`X: ${'a'.repeat(16_385 - frame)}`, 'Connection: close'), 431);
    await refused(get(`X: ${'a'.repeat(100_000)}`), 431);
    await refused(get(`${'A'.repeat(100_000)}: a`), 431);
    await refused(get(`X:${' '.repeat(100_000)}a`), 431);
    await refused(get(`Cookie: big=${'A'.repeat(65_536)}`), 431);
  });

  it('responds with 431 to a head that never ends', async () => {
    const { statuses } = await recording.talk(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(200_000)}`);
    expect(statuses).toEqual([431]);
  });

  it('takes both limits from the configuration', async () => {
    await using small = await startRecording('client_max_header_size 1k; client_max_header_count 3;');
    expect((await small.talk(get('X: y', 'Connection: close'))).statuses).toEqual([200]);
    await expectRefused(small, get('X: y', 'Y: z', 'Z: a'), 431);
    await expectRefused(small, get(`X: ${'a'.repeat(1000)}`), 431);
  });
});

describe('special names', () => {
  const special = [
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'isPrototypeOf',
    '0',
    '1',
    '-1',
    '4294967295',
    'length',
    'get',
    'then',
  ];

  it('are names like any other', async () => {
    const fields = await fieldsOf(...special.map((name, index) => `${name}: v${index}`));
    for (const [index, name] of special.entries()) {
      expect(fields).toContainEqual([name.toLowerCase(), `v${index}`]);
    }
  });

  it('keep the order of arrival, integers too', async () => {
    const fields = await fieldsOf('2: a', '1: b', 'X: c', '0: d');
    expect(fields?.map(([name]) => name)).toEqual(['host', '2', '1', 'x', '0', 'connection']);
  });

  it.each(['__proto__', '__defineGetter__', '_', 'X_Y', 'Content_Length', 'Transfer_Encoding', 'Host_'])(
    'with an underscore is dropped: CGI could not tell it from one with a dash (%s)',
    async (name) => {
      expect(await fieldsOf(`${name}: 5`)).toEqual([
        ['host', 'a'],
        ['connection', 'close'],
      ]);
    },
  );

  it.each(['X', '__proto__', 'constructor', 'Cookie', 'Content-Length', 'Host'])(
    'responds to 10,000 equal names with an error and continues to serve: %s',
    async (name) => {
      await refused(get(...Array.from({ length: 10_000 }, () => `${name}: 1`)), 431);
      expect(await fieldsOf('X: y')).toContainEqual(['x', 'y']);
    },
  );

  it.each(['X', 'Connection', 'Accept', 'constructor'])(
    'takes time in proportion to their number where so many are allowed: %s',
    async (name) => {
      await using wide = await startRecording('client_max_header_count 10000; client_max_header_size 1m;');
      const request = get(...Array.from({ length: 9_990 }, () => `${name}: x`));
      const begun = performance.now();
      const { statuses, requests } = await wide.talk(request.repeat(3) + SECOND);
      expect(performance.now() - begun).toBeLessThan(10_000);
      expect(statuses).toEqual(Array(4).fill(200));
      expect(requests[0]?.fields).toHaveLength(9_991);
    },
  );

  it('joins lines of one name in order (RFC 9110 §5.3) only on request', async () => {
    expect(await fieldsOf('X: a', 'Y: b', 'x: c')).toEqual([
      ['host', 'a'],
      ['x', 'a'],
      ['y', 'b'],
      ['x', 'c'],
      ['connection', 'close'],
    ]);
  });
});
