import { expect, test } from 'vitest';
import { line } from './htpasswd.test.fixture.js';
import { readPasswordLines } from './password-lines.js';

const ann = line('-m', 'ann', 'a');
const bob = line('-m', 'bob', 'b');
const bob2 = line('-m', 'bob', 'c');

test('comments, empty lines, CRLF and a byte order mark are no users', () => {
  const text = `\xef\xbb\xbf# users\r\n\r\n${ann}\r\n  \n#${bob}\n${bob}:a comment: with colons\r\n`;
  const { hashes, problems, doubts } = readPasswordLines(text);
  expect([...hashes.keys()]).toEqual(['ann', 'bob']);
  expect(`bob:${hashes.get('bob')}`).toBe(bob);
  expect([problems, doubts]).toEqual([[], []]);
});

test('the last line need not end', () => {
  expect(readPasswordLines(`${ann}\n${bob}`).hashes.size).toBe(2);
});

test('of two lines for a name the first counts, and the second is told', () => {
  const { hashes, doubts } = readPasswordLines(`${bob}\n${ann}\n${bob2}\n`);
  expect(`bob:${hashes.get('bob')}`).toBe(bob);
  expect(doubts).toEqual([expect.stringContaining('line 3: "bob" has a line above')]);
});

test('every wrong line is told, and nothing of a password', () => {
  const { problems } = readPasswordLines(`secret1\nbob:secret2\n:secret3\n${ann}\neve:secret4:x\n`);
  expect(problems).toEqual([
    'line 1 is no "name:hash"',
    expect.stringMatching(/^line 2, "bob": .*plain text is not accepted/),
    'line 3 is no "name:hash"',
    expect.stringMatching(/^line 5, "eve"/),
  ]);
  expect(problems.join()).not.toContain('secret');
});

test('a file without a user is doubtful', () => {
  expect(readPasswordLines('# nobody yet\n').doubts).toEqual(['there is nobody in it: nobody can pass']);
});
