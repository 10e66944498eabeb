import { expect, test } from 'vitest';
import { readPasswordLines } from './password-lines.js';

// Created with htpasswd -nbm.
const ann = 'ann:$apr1$DexPRgYC$D63FDWHJa3o/8NDX/aMu8.';
const bob = 'bob:$apr1$l3loPeCu$CUJmb.0d61U3QNoXmvRB2/';
const bob2 = 'bob:$apr1$35gt6gjC$BHHxilzL0BImAmKVmRY2E.';

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
  expect(doubts).toEqual([expect.stringContaining('line 3: "bob" is defined again')]);
});

test('every wrong line is told, and nothing of a password', () => {
  const { problems } = readPasswordLines(`secret1\nbob:secret2\n:secret3\n${ann}\neve:secret4:x\n`);
  expect(problems).toEqual([
    'line 1 is not "name:hash"',
    expect.stringMatching(/^line 2, "bob": .*plain text is not accepted/),
    'line 3 is not "name:hash"',
    expect.stringMatching(/^line 5, "eve"/),
  ]);
  expect(problems.join()).not.toContain('secret');
});

test('a file without a user is doubtful', () => {
  expect(readPasswordLines('# nobody yet\n').doubts).toEqual(['it has no users, so no client is admitted']);
});
