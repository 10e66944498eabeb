import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefused, message, type RecordingServer, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const refused = (bytes: string, status = 400) => expectRefused(recording, bytes, status);
const lines = (requestLine: string, ...fields: readonly string[]) =>
  message(requestLine, fields.length > 0 ? fields : ['Host: a']);
const seen = async (requestLine: string, ...fields: readonly string[]) => {
  const host = fields.length > 0 ? fields : ['Host: a'];
  const { requests } = await recording.talk(message(requestLine, [...host, 'Connection: close']));
  return requests[0];
};

describe('3.2, 3.3 Host', () => {
  it('gets 400 if an HTTP/1.1 request lacks it', () => refused(lines('GET / HTTP/1.1', 'X: y')));

  it.each([
    ['twice the same', ['Host: a', 'Host: a']],
    ['twice, different', ['Host: a', 'Host: b']],
    ['twice, in two spellings', ['Host: a', 'X: y', 'HOST: a']],
  ])('gets 400 if it occurs more than once: %s', async (_, fields) => {
    await refused(lines('GET / HTTP/1.1', ...fields));
    await refused(lines('GET / HTTP/1.0', ...fields));
  });

  it.each([
    '',
    ' ',
    ':80',
    'a b',
    'a:b',
    'a:80:80',
    'a:-1',
    'a:65536',
    'a:999999',
    'a: 80',
    'a/b',
    'a/',
    'a?b',
    'a#b',
    'u@a',
    'http://a',
    'a\\b',
    'a\x80',
    'é',
    'a%',
    'a%4',
    'a%zz',
    '[::1',
    '::1]',
    '::1',
    '[::1]a',
    '[::1]:x',
    '[]',
    '[:]',
    '[::::]',
    '[1.2.3.4]',
    '[::1%25eth0]',
    '[v1.a]',
    '[12345::]',
    'a"b',
    '<a>',
    'a\tb',
    'a{b}',
    'a|b',
    'a^b',
    '.',
    '.:80',
    '..',
    'a..',
    'a..:80',
    'a..b',
  ])('gets 400 if its value is invalid: %j', async (value) => {
    await refused(lines('GET / HTTP/1.1', `Host: ${value}`));
    await refused(lines('GET / HTTP/1.0', `Host: ${value}`));
  });

  it.each([
    ['a', 'a'],
    ['A.Example', 'a.example'],
    ['a:80', 'a'],
    ['a:', 'a'],
    ['127.0.0.1:8080', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['[2001:DB8::1]:443', '[2001:db8::1]'],
    ['[::ffff:1.2.3.4]', '[::ffff:1.2.3.4]'],
    ['a_b', 'a_b'],
    ['a.', 'a'],
    ['a.example.:80', 'a.example'],
    ['127.0.0.1.', '127.0.0.1'],
    ['.a', '.a'],
    ["a-._~!$&'()*+,;=", "a-._~!$&'()*+,;="],
    [' \ta \t', 'a'],
  ])('is a host with an optional port: %j', async (value, host) => {
    expect((await seen('GET / HTTP/1.1', `Host: ${value}`))?.host).toBe(host);
  });

  it('is optional in HTTP/1.0', async () => {
    expect((await seen('GET / HTTP/1.0', 'X: y'))?.host).toBe('');
  });

  it('is not read from a field with a similar name', async () => {
    await refused(lines('GET / HTTP/1.1', 'X-Host: a'));
    await refused(lines('GET / HTTP/1.1', 'H_ost: a'));
  });
});
