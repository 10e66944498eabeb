import { describe, expect, test } from 'vitest';
import { LineBuffer } from './line-buffer.js';

const KIB = 1024;

function everything(lines: LineBuffer): string[] {
  const pieces: string[] = [];
  for (let piece = lines.take(); piece !== undefined; piece = lines.take()) {
    pieces.push(Buffer.from(piece).toString());
    lines.release(piece);
  }
  return pieces;
}

describe('buffered lines', () => {
  test('come out in order, in pieces of whole lines of at most 64 KiB', () => {
    const lines = new LineBuffer(1024 * KIB);
    const given = Array.from({ length: 3000 }, (_, at) => `line ${at} ${'é€'.repeat(at % 20)}\n`);
    for (const line of given) expect(lines.add(line)).toBe(true);
    const pieces = everything(lines);
    expect(pieces.join('')).toBe(given.join(''));
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) {
      expect(piece.endsWith('\n')).toBe(true);
      expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(64 * KIB);
    }
    expect(lines.empty).toBe(true);
  });

  test('may be longer than a piece', () => {
    const lines = new LineBuffer(1024 * KIB);
    const given = ['short\n', `${'long'.repeat(50 * KIB)}\n`, 'short again\n'];
    for (const line of given) expect(lines.add(line)).toBe(true);
    expect(everything(lines)).toEqual(given);
  });

  test('stay within the memory limit, and fit again once some are written', () => {
    const lines = new LineBuffer(256 * KIB);
    const line = `${'x'.repeat(1023)}\n`;
    let taken = 0;
    while (lines.add(line)) taken += 1;
    expect(taken * KIB).toBeGreaterThan(128 * KIB);
    expect(taken * KIB).toBeLessThanOrEqual(256 * KIB);
    expect(lines.add(`${'y'.repeat(100 * KIB)}\n`)).toBe(false);
    const piece = lines.take();
    expect(lines.add(line)).toBe(false);
    if (piece !== undefined) lines.release(piece);
    expect(lines.add(line)).toBe(true);
  });

  test('are not overwritten by later lines in a reused piece', () => {
    const lines = new LineBuffer(256 * KIB);
    for (let round = 0; round < 20; round += 1) {
      lines.add(`${round}\n`);
      const piece = lines.take();
      lines.add('meanwhile\n');
      expect(Buffer.from(piece ?? []).toString()).toBe(`${round}\n`);
      if (piece !== undefined) lines.release(piece);
      expect(everything(lines)).toEqual(['meanwhile\n']);
    }
  });
});
