import { HttpError, type RequestBody } from '@webserv/server';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readForm } from './multipart.js';
import type { PartHead } from './part-head.js';

/** A body that arrives in the given pieces. */
function bodyOf(pieces: readonly Uint8Array[]): RequestBody {
  const waiting = [...pieces];
  return {
    length: undefined,
    received: 0,
    awaited: false,
    read: async () => waiting.shift(),
    async *[Symbol.asyncIterator]() {
      yield* waiting;
    },
  };
}

interface ReadPart extends PartHead {
  readonly content: string;
}

async function readParts(pieces: readonly Uint8Array[], maxParts = 100): Promise<ReadPart[]> {
  const parts: ReadPart[] = [];
  let content: Buffer[] = [];
  let head: PartHead | undefined;
  for await (const event of readForm(bodyOf(pieces), 'XX', maxParts)) {
    if (event.kind === 'head') {
      expect(head).toBeUndefined();
      head = event.head;
      content = [];
    } else if (event.kind === 'content') {
      content.push(Buffer.from(event.bytes)); // copied, because the bytes are valid only until the next event
    } else {
      if (head === undefined) throw new Error('an end without a head');
      parts.push({ ...head, content: Buffer.concat(content).toString('latin1') });
      head = undefined;
    }
  }
  expect(head).toBeUndefined();
  return parts;
}

const parse = (form: string, maxParts?: number): Promise<ReadPart[]> =>
  readParts([Buffer.from(form)], maxParts);

async function statusOf(form: string, maxParts?: number): Promise<number | undefined> {
  const error = await parse(form, maxParts).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return undefined;
  if (error instanceof HttpError) return error.status;
  throw error;
}

function part(disposition: string, content: string, more = ''): string {
  return `--XX\r\nContent-Disposition: form-data; ${disposition}\r\n${more}\r\n${content}\r\n`;
}

const END = '--XX--\r\n';

const mixed =
  part('name="title"', 'Hello') +
  part(
    'name="file"; filename="a.bin"',
    '\r\n--X\r\n--\r\n\r\n-',
    'Content-Type: application/x-test; a=b\r\n',
  ) +
  part('name="empty"', '') +
  part('name="end"; filename=""', '');

describe('a form', () => {
  test('is its parts in order, each with name, file name and type', async () => {
    expect(await parse(mixed + END)).toEqual([
      { field: 'title', fileName: undefined, type: '', content: 'Hello' },
      { field: 'file', fileName: 'a.bin', type: 'application/x-test', content: '\r\n--X\r\n--\r\n\r\n-' },
      { field: 'empty', fileName: undefined, type: '', content: '' },
      { field: 'end', fileName: '', type: '', content: '' },
    ]);
  });

  test('is the same however it is cut into pieces', async () => {
    const bytes = Buffer.from(mixed + END);
    const whole = await readParts([bytes]);
    expect(await readParts(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(await readParts([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
    }
  });

  test('any content comes out as it went in, in any pieces', async () => {
    const content = fc.string({ unit: fc.constantFrom('\r', '\n', '-', 'X', 'Y', '\0', ':', '"') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(content),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        async (contents, sizes) => {
          fc.pre(contents.every((text) => !`\r\n${text}`.includes('\r\n--XX')));
          const bytes = Buffer.from(contents.map((text) => part('name=a', text)).join('') + END);
          const pieces: Uint8Array[] = [];
          for (let start = 0; start < bytes.length; ) {
            const size = sizes.next().value ?? 1;
            pieces.push(bytes.subarray(start, start + size));
            start += size;
          }
          expect((await readParts(pieces)).map((read) => read.content)).toEqual(contents);
        },
      ),
    );
  });

  test('may be empty, and may have a preamble and an epilogue, which are ignored', async () => {
    expect(await parse(END)).toEqual([]);
    const parts = await parse(
      `before\r\nit\r\n${part('name=a', 'x')}${END}after it${part('name=b', 'y')}${END}`,
    );
    expect(parts.map((read) => read.field)).toEqual(['a']);
  });

  test('has names in UTF-8; filename* counts before filename, in either order, unless it cannot be decoded', async () => {
    const names = async (...dispositions: readonly string[]): Promise<readonly (string | undefined)[]> => {
      const form = dispositions.map((disposition) => part(`name="ö"; ${disposition}`, '')).join('') + END;
      const parts = await parse(form);
      expect(parts.map((read) => read.field)).toEqual(dispositions.map(() => 'ö'));
      return parts.map((read) => read.fileName);
    };
    expect(
      await names(
        'filename="ß.txt"',
        `filename*=UTF-8''%e2%82%ac%20rates`,
        `filename="plain"; filename*=UTF-8''%e2%82%ac`,
        `filename*=utf-8'de'%e2%82%ac; filename="plain"`,
        `filename="=?utf-8?B?4oKs?="; filename*=UTF-8''%e2%82%ac`,
        `filename="=?utf-8?B?4oKs?="`,
        `filename="plain"; filename*=ISO-8859-1''%e4`,
      ),
    ).toEqual(['ß.txt', '€ rates', '€', '€', '€', '=?utf-8?B?4oKs?=', 'ä']);
    for (const wrong of [`UTF-8''%ff`, `klingon''x`, `UTF-8''%4`, 'UTF-8', `UTF-8'x`, `UTF-8''a%zz`]) {
      expect(await names(`filename*=${wrong}`, `filename="plain"; filename*=${wrong}`)).toEqual([
        '',
        'plain',
      ]);
    }
  });
});

describe('RFC 2046 §5.1.1', () => {
  const contents = async (form: string): Promise<string[]> => (await parse(form)).map((read) => read.content);
  const head = (name: string): string => `--XX\r\nContent-Disposition: form-data; name=${name}\r\n\r\n`;

  test('a part may have no body at all: the boundary follows the empty line at once', async () => {
    expect(await contents(`${head('a')}--XX\r\n${head('b').slice(6)}--XX--\r\n`)).toEqual(['', '']);
    expect(await contents(`${head('a')}${head('b')}x\r\n--XX--`)).toEqual(['', 'x']);
    expect(await contents(`${head('a')}--XX--`)).toEqual(['']);
  });

  test('a boundary line may have spaces and tabs at its end, the last one too', async () => {
    const form = `pre\r\n${head('a').replace('--XX', '--XX \t ')}x\r\n${head('b').replace('--XX', '--XX ')}y\r\n`;
    expect(await contents(`${form}--XX-- \t\r\nafter`)).toEqual(['x', 'y']);
    expect(await contents(`${form}--XX--  `)).toEqual(['x', 'y']);
    expect(await statusOf(`${form}--XX${' '.repeat(2000)}\r\n`)).toBe(400);
  });

  test('a line that only starts as a boundary does is content', async () => {
    const content = '--XXY\r\n--XX-\r\n--XX--x\r\n--XX \tx\r\n--XX\n\r\n --XX\r\n-XX\r\n--X\r\r\n--\r';
    expect(await contents(`${head('a')}x\r\n${content}\r\n--XX--\r\n`)).toEqual([`x\r\n${content}`]);
    const bytes = Buffer.from(`${head('a')}${content}\r\n--XX--`);
    const byByte = await readParts(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect(byByte.map((read) => read.content)).toEqual([content]);
  });

  test('a line end before the boundary belongs to it, and only one', async () => {
    expect(await contents(`${head('a')}\r\n\r\n--XX--`)).toEqual(['\r\n']);
  });

  test('what comes before the first boundary and after the last one is ignored, other boundaries too', async () => {
    expect(await contents(`--XXX\r\nx--XX\r\n--XX-\r\n${head('a')}1\r\n--XX--\r\n${head('b')}2`)).toEqual([
      '1',
    ]);
  });

  test('the header of a part may be folded, in any case, with other fields', async () => {
    const form = `--XX\r\nX-A: 1\r\nCONTENT-disposition :\r\n\tform-data;\r\n  name="a b"\r\nContent-Type:text/plain\r\n\r\n--XX--`;
    expect(await parse(form)).toEqual([
      { field: 'a b', fileName: undefined, type: 'text/plain', content: '' },
    ]);
  });

  test('a boundary may have every character that is allowed, spaces inside too', async () => {
    for (const boundary of ["a b'()+_,-./:=?z", 'x'.repeat(70), '-'.repeat(70), '--', '-']) {
      const form = `--${boundary}\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--${boundary}--`;
      const events = [];
      for await (const event of readForm(bodyOf([Buffer.from(form)]), boundary, 1)) events.push(event.kind);
      expect(events).toEqual(['head', 'content', 'end']);
    }
  });
});

describe('a form is refused with 400', () => {
  test('wherever it is cut off', async () => {
    for (let end = 0; end < (mixed + END).length - 2; end += 1) {
      expect(await statusOf((mixed + END).slice(0, end)), `cut at ${end}`).toBe(400);
    }
  });

  test.each([
    ['no boundary in it', 'Hello'],
    ['a part without a header', `--XX\r\n\r\nx\r\n${END}`],
    [
      'a part whose header has no end',
      `--XX\r\nContent-Disposition: form-data; name=a\r\n${part('name=b', '')}${END}`,
    ],
    ['the last part’s header without an end', `--XX\r\nContent-Disposition: form-data; name=a\r\n${END}`],
    ['no Content-Disposition', `--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n${END}`],
    [
      'two of them',
      `--XX\r\nContent-Disposition: form-data; name=a\r\ncontent-disposition: form-data; name=b\r\n\r\n\r\n${END}`,
    ],
    ['another disposition', `--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n${END}`],
    ['no name', part('filename=a', '') + END],
    ['two names', part('name=a; name=b', '') + END],
    ['two file names', part('name=a; filename=b; filename=c', '') + END],
    ['a name of 201 bytes', part(`name=${'x'.repeat(201)}`, '') + END],
    ['a quoted name without an end', part('name="a', '') + END],
    [
      'a line that is cut off at the bound of a header',
      part(`name=a; filename="${'x'.repeat(9000)}"`, '') + END,
    ],
    ['a line that is no field', `--XX\r\nContent-Disposition: form-data; name=a\r\nx\r\n\r\n\r\n${END}`],
    ['33 lines in a header', part('name=a', '', 'A: b\r\n'.repeat(32)) + END],
    ['lines that end with LF only', `${mixed}${END}`.replaceAll('\r\n', '\n')],
  ])('for %s', async (_, form) => {
    expect(await statusOf(form)).toBe(400);
  });
});

describe('a form is bounded', () => {
  test('in parts: one more than allowed is 413', async () => {
    expect(await statusOf(part('name=a', '').repeat(3) + END, 3)).toBeUndefined();
    expect(await statusOf(part('name=a', '').repeat(4) + END, 3)).toBe(413);
  });

  test('100,000 parts are refused before they are read', async () => {
    let read = 0;
    const body = bodyOf([]);
    const piece = Buffer.from(part('name=a', '').repeat(1000));
    const events = readForm(
      {
        ...body,
        read: async () => {
          read += 1;
          return read <= 100 ? piece : undefined;
        },
      },
      'XX',
      100,
    );
    await expect(async () => {
      for await (const _ of events);
    }).rejects.toMatchObject({ status: 413 });
    expect(read).toBe(1);
  });

  test('in memory: a header without end is dropped as it comes', async () => {
    const line = Buffer.alloc(65_536, 'X-Endless: xxxxxxxx\r\n');
    const pieces = [Buffer.from('--XX\r\n'), ...Array.from({ length: 1600 }, () => line)];
    const before = process.memoryUsage().rss;
    await expect(readParts(pieces)).rejects.toMatchObject({ status: 400 });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });
});
