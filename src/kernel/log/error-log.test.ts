import { expect, test } from 'vitest';
import { createLog } from './error-log.js';

function written(message: string): string {
  const lines: string[] = [];
  createLog('info', { write: (line) => lines.push(line) }).info(message);
  return lines.join('').replace(/^\S+ \[info\] /, '');
}

test.each([
  ['a\u202eb', 'a\\u{202e}b'],
  ['a\u2028b\u2029c', 'a\\u{2028}b\\u{2029}c'],
  [
    '\u200b\u200e\u200f\u2066\u2069\ufeff\u00ad\u061c',
    '\\u{200b}\\u{200e}\\u{200f}\\u{2066}\\u{2069}\\u{feff}\\u{ad}\\u{61c}',
  ],
  ['\u{e0041}\u{f0000}\ue000', '\\u{e0041}\\u{f0000}\\u{e000}'],
  ['\ud800x', '\\u{d800}x'],
  ['\x1b[31m\x00\x7f\x9b', '\\x1b[31m\\x00\\x7f\\x9b'],
  ['a\rb\tc', 'a\\rb\\tc'],
  ['one\ntwo', 'one\n    two'],
  ['héllo €uro 日本 😀 ÿ', 'héllo €uro 日本 😀 ÿ'],
])('%j is one entry, with all its characters visible', (message, expected) => {
  expect(written(message)).toBe(`${expected}\n`);
});
