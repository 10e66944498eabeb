import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type OpenFile, openFile } from '../files/open-file.js';
import { decodePath, resolveUnder } from '../path/url-path.js';
import { contentRange, multipartByteranges, parseRange } from './range.js';

const range = (start: number, end: number) => ({ start, end });

describe('parseRange (RFC 9110 §14.1.2)', () => {
  it.each([
    ['bytes=0-0', [range(0, 1)]],
    ['bytes=0-4', [range(0, 5)]],
    ['bytes=5-', [range(5, 10)]],
    ['bytes=9-', [range(9, 10)]],
    ['bytes=0-999', [range(0, 10)]],
    ['bytes=-3', [range(7, 10)]],
    ['bytes=-99', [range(0, 10)]],
    ['BYTES=1-2', [range(1, 3)]],
    ['bytes=0-0,-1', [range(0, 1), range(9, 10)]],
    ['bytes=0-1 ,\t4-5,,', [range(0, 2), range(4, 6)]],
    ['bytes=,0-1', [range(0, 2)]],
    ['bytes=00-01', [range(0, 2)]],
    ['bytes=0-1,10-', [range(0, 2)]],
    ['bytes=-0,1-1', [range(1, 2)]],
  ])('%s of 10 bytes', (field, expected) => {
    expect(parseRange(field, 10)).toEqual(expected);
  });

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=-000', 'bytes=11-,12-'])(
    '%s of 10 bytes is unsatisfiable',
    (field) => {
      expect(parseRange(field, 10)).toBe('unsatisfiable');
    },
  );

  it.each([
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=5-4',
    'bytes=a-b',
    'bytes=0-1;2-3',
    'bytes=0 - 1',
    'bytes= 0-1',
    'bytes =0-1',
    'bytes=+0-1',
    'bytes=0x0-1',
    'bytes=1-2-3',
    'bytes=--1',
    'bytes=1.5-2',
    'bytes=0-1,x',
    'bytes=0-1,5-4',
    'bytes=0-1\xa0',
    'items=0-1',
    'x-bytes=0-1',
    ' bytes=0-1',
    '0-1',
    '',
  ])('ignores %j', (field) => {
    expect(parseRange(field, 10)).toBeUndefined();
  });

  it('treats numbers too large to be exact as beyond the end', () => {
    const huge = '9'.repeat(40);
    expect(parseRange(`bytes=0-${huge}`, 10)).toEqual([range(0, 10)]);
    expect(parseRange('bytes=0-9007199254740991', 10)).toEqual([range(0, 10)]);
    expect(parseRange(`bytes=-${huge}`, 10)).toEqual([range(0, 10)]);
    expect(parseRange('bytes=-9223372036854775608', 10)).toEqual([range(0, 10)]);
    expect(parseRange(`bytes=${huge}-`, 10)).toBe('unsatisfiable');
    expect(parseRange(`bytes=${huge}-${huge}`, 10)).toBe('unsatisfiable');
  });

  it.each(['bytes=0-', 'bytes=0-0', 'bytes=0-99', 'bytes=-0', 'bytes=-5', 'bytes=0-0,-1', 'bytes=5-,0-'])(
    'ignores %s of an empty representation, as nginx does',
    (field) => {
      expect(parseRange(field, 0)).toBeUndefined();
    },
  );

  it.each(['bytes=1-', 'bytes=5-9', 'bytes=1-,2-'])(
    '%s of an empty representation is unsatisfiable',
    (field) => {
      expect(parseRange(field, 0)).toBe('unsatisfiable');
    },
  );

  it('merges overlapping ranges, in the requested order', () => {
    expect(parseRange('bytes=0-5,3-8', 10)).toEqual([range(0, 9)]);
    expect(parseRange('bytes=8-9,0-1,9-', 10)).toEqual([range(8, 10), range(0, 2)]);
    expect(parseRange('bytes=0-0,2-3,0-', 10)).toEqual([range(0, 10)]);
    expect(parseRange('bytes=0-1,2-3', 10)).toEqual([range(0, 2), range(2, 4)]);
  });

  it('ignores more than 16', () => {
    const many = (count: number) =>
      `bytes=${Array.from({ length: count }, (_, index) => `${index * 2}-${index * 2}`).join(',')}`;
    expect(parseRange(many(16), 100)).toHaveLength(16);
    expect(parseRange(many(17), 100)).toBeUndefined();
    expect(parseRange(`bytes=${'0-,'.repeat(1000)}0-`, 100)).toBeUndefined();
    expect(parseRange(`bytes=${','.repeat(5000)}0-`, 100)).toBeUndefined();
  });

  it('keeps any field on any size in bounds, without overlaps', () => {
    const spec = fc
      .tuple(
        fc.option(fc.bigInt({ min: 0n, max: 2n ** 70n })),
        fc.option(fc.bigInt({ min: 0n, max: 2n ** 70n })),
      )
      .map(([first, last]) => `${first ?? ''}-${last ?? ''}`);
    const small = fc
      .tuple(fc.option(fc.nat(40)), fc.option(fc.nat(40)))
      .map(([first, last]) => `${first ?? ''}-${last ?? ''}`);
    const field = fc.oneof(
      fc.array(fc.oneof(spec, small), { maxLength: 20 }).map((specs) => `bytes=${specs.join(',')}`),
      fc.string({ unit: fc.constantFrom(...'0123456789-, \tbytes='.split('')), maxLength: 60 }),
    );
    fc.assert(
      fc.property(field, fc.oneof(fc.nat(40), fc.maxSafeNat()), (text, size) => {
        const ranges = parseRange(text, size);
        if (ranges === undefined || ranges === 'unsatisfiable') return;
        expect(ranges.length).toBeGreaterThan(0);
        expect(ranges.length).toBeLessThanOrEqual(16);
        const sorted = [...ranges].sort((a, b) => a.start - b.start);
        for (const [index, { start, end }] of sorted.entries()) {
          expect(start).toBeGreaterThanOrEqual(sorted[index - 1]?.end ?? 0);
          expect(start).toBeLessThan(end);
          expect(end).toBeLessThanOrEqual(size);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('contentRange (RFC 9110 §14.4)', () => {
  it('names the last byte, not the one after it', () => {
    expect(contentRange(range(0, 5), 10)).toBe('bytes 0-4/10');
  });
});

async function fileOf(content: string | Buffer): Promise<OpenFile> {
  const directory = await mkdtemp(join(tmpdir(), 'range-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'file'), content);
  const path = decodePath('/file');
  const file = path && resolveUnder({ prefix: '/', directory }, path);
  const lookup = file && (await openFile(file, { directory, followSymlinks: false }));
  if (lookup?.kind !== 'file') throw new Error('the test file is not there');
  onTestFinished(() => lookup.file.close());
  return lookup.file;
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('multipartByteranges (RFC 9110 §14.6)', () => {
  it('gives each part its type and its range', async () => {
    const parts = multipartByteranges(Buffer.from('0123456789'), 10, 'text/plain', [
      range(0, 2),
      range(7, 10),
    ]);
    const boundary = /^multipart\/byteranges; boundary=([\w-]{36})$/.exec(parts.contentType)?.[1];
    expect((await collect(parts.body)).toString('latin1')).toBe(
      [
        `--${boundary}`,
        'content-type: text/plain',
        'content-range: bytes 0-1/10',
        '',
        '01',
        `--${boundary}`,
        'content-type: text/plain',
        'content-range: bytes 7-9/10',
        '',
        '789',
        `--${boundary}--`,
        '',
      ].join('\r\n'),
    );
  });

  it('knows its length before anything is read, from memory as from a file', async () => {
    const content = randomBytes(700_000);
    const ranges = [range(600_000, 700_000), range(0, 524_289), range(530_000, 530_001)];
    for (const source of [content, await fileOf(content)]) {
      const parts = multipartByteranges(source, content.length, 'application/octet-stream', ranges);
      const body = await collect(parts.body);
      expect(body.length).toBe(parts.length);
      expect(body.includes(content.subarray(0, 524_289))).toBe(true);
    }
  });

  it('fails if the file has become shorter', async () => {
    const file = await fileOf('0123456789');
    const parts = multipartByteranges(file, 10, 'text/plain', [range(0, 1), range(5, 10)]);
    await truncate(file.path, 7);
    await expect(collect(parts.body)).rejects.toThrow('became shorter');
  });

  it('uses a new boundary for each response', () => {
    const one = multipartByteranges(Buffer.alloc(9), 9, 'text/plain', [range(0, 1), range(5, 6)]);
    const other = multipartByteranges(Buffer.alloc(9), 9, 'text/plain', [range(0, 1), range(5, 6)]);
    expect(one.contentType).not.toBe(other.contentType);
  });
});
