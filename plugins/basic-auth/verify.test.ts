import { beforeAll, describe, expect, test } from 'vitest';
import { problemOf } from './hashes.js';
import { hashesOf, isMissing, line } from './htpasswd.test.fixture.js';
import { verify } from './verify.js';

const hashOf = (kind: string, password: string): string => line(kind, 'u', password).slice('u:'.length);
const bytes = (text: string): Buffer => Buffer.from(text);

const KINDS = ['-B -C 4', '-B -C 6', '-m', '-s', '-2', '-5', '-2 -r 1000', '-5 -r 1234'];
/** Lengths around the block sizes of the digests; bytes beyond ASCII. */
const PASSWORDS = [
  '',
  'a',
  'secret',
  'exactly sixteen!',
  'seventeen letters',
  'x'.repeat(32),
  'x'.repeat(65),
  'pässwörd €',
];

describe.skipIf(isMissing).each(KINDS)('a hash of htpasswd %s', (kind) => {
  let hashes = new Map<string, string>();
  beforeAll(() => {
    const made = hashesOf(PASSWORDS.map((password) => [kind, password]));
    hashes = new Map(PASSWORDS.map((password, at) => [password, made[at] ?? '']));
  });

  test.each(PASSWORDS)('is of the password it was made of, and of no other: %j', (password) => {
    const hash = hashes.get(password) ?? '';
    expect(problemOf(hash)).toBeUndefined();
    expect(verify(hash, bytes(password))).toBe(true);
    for (const other of [`${password} `, password.slice(0, -1) || 'b', password.toUpperCase() || 'c'])
      expect({ other, matches: verify(hash, bytes(other)) }).toEqual({ other, matches: false });
  });
});

test.skipIf(isMissing)('bcrypt looks at 72 bytes, as everywhere', () => {
  const hash = hashOf('-B -C 4', 'y'.repeat(72));
  expect(verify(hash, bytes('y'.repeat(73)))).toBe(true);
  expect(verify(hash, bytes('y'.repeat(71)))).toBe(false);
});

test('a hash that crypt_blowfish published is of its password', () => {
  const hash = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
  expect(verify(hash, bytes('U*U'))).toBe(true);
});

test.each([
  ['-d', 'expected a password hash'],
  ['-p', 'plain text is not accepted'],
  ['-B -C 15', 'the bcrypt cost is 15'],
])('a hash of htpasswd %s is refused', (kind, problem) => {
  const hash = kind.includes('-C') ? hashOf('-B -C 4', 'x').replace('$04$', '$15$') : hashOf(kind, 'x');
  expect(problemOf(hash)).toContain(problem);
});

test.each([
  '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  '$2a$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  '$5$rounds=999999999$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8',
  '$6$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8',
  '$apr1$salt$short',
  '{SHA}nonsense',
  '{PLAIN}secret',
  '',
])('no hash that could be checked in bounded time: %s', (hash) => {
  expect(problemOf(hash)).toBeDefined();
});
