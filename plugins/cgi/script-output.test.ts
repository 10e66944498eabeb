import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderCutter, localRedirect, MAX_HEADER_BYTES, readHead } from './script-output.js';

/** Splits output that arrives in pieces of the given sizes; the last piece has the rest. */
function cut(output: Buffer, sizes: readonly number[]): { header: string; body: string } | undefined {
  const cutter = new HeaderCutter();
  let start = 0;
  for (const size of [...sizes, output.length]) {
    const end = Math.min(output.length, start + size);
    const found = cutter.push(output.subarray(start, end));
    if (found !== undefined) {
      const rest = Buffer.concat([found.rest, output.subarray(end)]);
      return { header: found.header, body: rest.toString('latin1') };
    }
    start = end;
  }
  return undefined;
}

describe('the header’s end', () => {
  it.each([
    ['LF', 'A: b\nC: d\n\nbody', 'A: b\nC: d\n\n'],
    ['CR LF', 'A: b\r\nC: d\r\n\r\nbody', 'A: b\r\nC: d\r\n\r\n'],
    ['both mixed', 'A: b\r\nC: d\n\r\nbody', 'A: b\r\nC: d\n\r\n'],
    ['an empty line at once', '\nbody', '\n'],
  ])('is the first empty line: %s', (_name, output, header) => {
    expect(cut(Buffer.from(output), [])).toEqual({ header, body: 'body' });
  });

  it('is not a lone CR, nor a CR within a line', () => {
    expect(cut(Buffer.from('A: b\r\rC: d\nE\r: f\n'), [])).toBeUndefined();
  });

  it('is found wherever the output is split', () => {
    const byte = fc.constantFrom('a', ':', ' ', '\r', '\n', '\r\n', '\n\n', '\r\n\r\n');
    fc.assert(
      fc.property(fc.array(byte), fc.array(fc.integer({ min: 0, max: 5 })), (parts, sizes) => {
        const output = Buffer.from(parts.join(''));
        expect(cut(output, sizes)).toEqual(cut(output, []));
      }),
    );
  });

  it(`is looked for in the first ${MAX_HEADER_BYTES} bytes only`, () => {
    const fits = Buffer.from(`A: ${'b'.repeat(MAX_HEADER_BYTES - 5)}\n\n`);
    expect(cut(fits, [1000])?.header.length).toBe(MAX_HEADER_BYTES);
    expect(() => cut(Buffer.from(`A: ${'b'.repeat(MAX_HEADER_BYTES - 4)}\n\n`), [1000])).toThrow(
      'exceeds 65536 bytes',
    );
    expect(() => cut(Buffer.alloc(MAX_HEADER_BYTES + 1, 'a'), [1])).toThrow('exceeds 65536 bytes');
  });
});

describe('a header', () => {
  it('has names of any case and values without the blanks around them', () => {
    const { headers } = readHead('CONTENT-type:\t text/plain  \nX-Empty-Inside: a b\n\n');
    expect({ ...headers }).toEqual({ 'content-type': 'text/plain', 'x-empty-inside': 'a b' });
  });

  it('keeps cookies apart and joins other repeated fields', () => {
    const { headers } = readHead('Status: 200\nSet-Cookie: a=1\nVary: A\nset-cookie: b=2\nVary: B\n\n');
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers.vary).toBe('A, B');
  });

  it('can have a field named __proto__', () => {
    const { headers } = readHead('Status: 200\n__proto__: x\nconstructor: y\n\n');
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.getPrototypeOf(headers)).toBeNull();
  });

  it('loses what is about the connection to the client', () => {
    const { headers } = readHead(
      'Content-Type: a/b\nConnection: close\nKeep-Alive: x\nUpgrade: h2c\nTrailer: x\nTE: x\nProxy-Connection: x\nDate: x\nServer: x\n\n',
    );
    expect(Object.keys(headers)).toEqual(['content-type']);
  });

  it.each([
    ['a line without a name', 'Content-Type: a/b\n: x\n\n'],
    ['a line without a colon', 'Content-Type: a/b\nrubbish\n\n'],
    ['a blank before the colon', 'Content-Type : a/b\n\n'],
    ['a continuation line', 'Content-Type: a/b\n charset=x\n\n'],
    ['a CR in a value', 'Content-Type: a/b\nX: a\rSet-Cookie: b\n\n'],
    ['a NUL in a value', 'Content-Type: a/b\nX: a\0b\n\n'],
    ['an escape in a value', 'Content-Type: a/b\nX: \x1b[31m\n\n'],
    ['a NUL in a name', 'Content-Type: a/b\nX\0: a\n\n'],
    ['bytes beyond ASCII in a name', 'Content-Type: a/b\nXé: a\n\n'],
    ['a status line of its own', 'HTTP/1.1 200 OK\nContent-Type: a/b\n\n'],
    ['no field of CGI', 'X-Other: a\n\n'],
    ['no field at all', '\n'],
    ['two of Content-Type', 'Content-Type: a/b\nContent-Type: a/b\n\n'],
    ['two of Status', 'Status: 200\nStatus: 200\n\n'],
    ['two of Content-Length', 'Status: 200\nContent-Length: 1\nContent-Length: 1\n\n'],
    ['a list as Content-Length', 'Status: 200\nContent-Length: 1, 1\n\n'],
    ['a signed Content-Length', 'Status: 200\nContent-Length: +1\n\n'],
    ['a Content-Length without end', `Status: 200\nContent-Length: ${'9'.repeat(30)}\n\n`],
    ['Transfer-Encoding', 'Status: 200\nTransfer-Encoding: chunked\n\n'],
    ['Transfer-Encoding and Content-Length', 'Status: 200\nContent-Length: 1\nTransfer-Encoding: x\n\n'],
    ['an informational Status', 'Status: 100 Continue\n\n'],
    ['a Status of two digits', 'Status: 99\n\n'],
    ['a Status of four digits', 'Status: 2000\n\n'],
    ['a Status that is no number', 'Status: abc\n\n'],
    ['a Status beyond 599', 'Status: 600 x\n\n'],
    ['a Status without a space', 'Status: 200OK\n\n'],
  ])('is refused with %s', (_name, header) => {
    expect(() => readHead(header)).toThrow(expect.objectContaining({ name: 'MalformedOutputError' }));
  });

  it('is read in linear time', () => {
    // Processor time: a busy machine does not prolong it.
    const started = process.cpuUsage();
    readHead(`Status: 200\nX: a${' '.repeat(60_000)}b\n${'Y: \n'.repeat(15_000)}\n`);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1000).toBeLessThan(500);
  });
});

describe('a Location', () => {
  const redirect = (lines: string) => localRedirect(readHead(`${lines}\n\n`));

  it('is local when it is a path, with or without a query', () => {
    expect(redirect('Location: /a/b')).toBe('/a/b');
    expect(redirect('Location: /a?b=/c%20d&e')).toBe('/a?b=/c%20d&e');
    // No file has these names, but a script may get them in PATH_INFO.
    expect(redirect('Location: /a%00')).toBe('/a%00');
    expect(redirect('Location: /a\\b')).toBe('/a\\b');
  });

  it('is the client’s with a Status, with a scheme or with a host', () => {
    expect(redirect('Location: /a\nStatus: 302 Found')).toBeUndefined();
    expect(redirect('Location: http://example.org/a')).toBeUndefined();
    expect(redirect('Location: //example.org/a')).toBeUndefined();
    expect(redirect('Content-Type: a/b')).toBeUndefined();
  });

  it.each(['/../a', '/%2e%2e/a', '/a b', '/a#b', '/é', '/%zz'])('is refused: %s', (path) => {
    expect(() => redirect(`Location: ${path}`)).toThrow('its Location is not a valid path');
  });
});
