import { expect, test } from 'vitest';
import { readCredentials } from './credentials.js';

const basic = (text: string | Uint8Array): string => `Basic ${Buffer.from(text).toString('base64')}`;

test.each([
  ['ann:secret', { user: 'ann', password: 'secret' }],
  ['ann:', { user: 'ann', password: '' }],
  ['ann:a:b', { user: 'ann', password: 'a:b' }],
])('%j', (text, credentials) => {
  expect(readCredentials([basic(text)])).toEqual(credentials);
});

test('the scheme is written in any case, and base 64 with or without its padding', () => {
  const field = basic('ann:secret').replace('Basic', 'bAsIc');
  expect(readCredentials([field])?.user).toBe('ann');
  expect(readCredentials([field.replace(/=+$/, '')])?.user).toBe('ann');
});

test('bytes stay bytes', () => {
  expect(readCredentials([basic('é:€')])).toEqual({ user: '\xc3\xa9', password: '\xe2\x82\xac' });
});

test.each([
  ['nothing', []],
  ['two lines', [basic('ann:secret'), basic('ann:secret')]],
  ['two in one', [`${basic('ann:secret')}, ${basic('ann:secret')}`]],
  ['another scheme', ['Bearer abc']],
  ['no credentials', ['Basic']],
  ['no base 64', ['Basic !!!!']],
  ['base 64 for URLs', ['Basic YW5uOn4_-w']],
  ['no colon', [basic('ann')]],
  ['no name', [basic(':secret')]],
  ['a line break in the name', [basic('ann\r\n:secret')]],
  ['a NUL in the password', [basic('ann:secret\0')]],
  ['a DEL', [basic('ann:\x7f')]],
  ['what is not UTF-8', [basic(Buffer.from('ann:\xe9', 'latin1'))]],
  ['more than anybody has', [basic(`ann:${'x'.repeat(2000)}`)]],
])('%s is no credentials', (_, lines) => {
  expect(readCredentials(lines)).toBeUndefined();
});
