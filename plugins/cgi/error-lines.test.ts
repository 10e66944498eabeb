import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { logErrorLines } from './error-lines.js';

async function logged(...pieces: readonly (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  logErrorLines(stream, (line) => lines.push(line));
  for (const piece of pieces) stream.write(piece);
  stream.end();
  await finished(stream);
  return lines;
}

describe('standard error in the log', () => {
  it('is one entry a line, empty ones left out', async () => {
    expect(await logged('one\n\ntwo\nthr', 'ee')).toEqual(['one', 'two', 'three']);
  });

  it('keeps characters whole that come in two pieces', async () => {
    const euro = Buffer.from('€');
    expect(await logged(euro.subarray(0, 1), euro.subarray(1))).toEqual(['€']);
  });

  it('has long lines cut into pieces', async () => {
    expect((await logged('x'.repeat(5000))).map((line) => line.length)).toEqual([2048, 2048, 904]);
  });

  it('ends after 64 Ki characters, with the number of those left out', async () => {
    const lines = await logged(...Array.from({ length: 100 }, () => `${'x'.repeat(1023)}\n`));
    expect(lines).toHaveLength(65);
    expect(lines.at(-1)).toBe(`… ${36 * 1024} more characters were not logged`);
  });
});
