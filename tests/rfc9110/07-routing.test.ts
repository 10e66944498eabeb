import { startTestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../free-port.js';
import { expectRefused, get, message, type RecordingServer, SECOND, startRecording } from '../wire/talk.js';
import { HTTPS_IS_RIGHT, onlyOverTcp } from '../wire/transport.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

describe('7.2 Host', () => {
  it('is evaluated for each request of a connection', async () => {
    const { requests } = await recording.talk(
      message('GET / HTTP/1.1', ['Host: one']) + message('GET http://TWO/ HTTP/1.1', ['Host: two']) + SECOND,
    );
    expect(requests.map(({ host }) => host)).toEqual(['one', 'two', 'a']);
  });
});

describe('the server that a name belongs to', () => {
  const conf = (port: number): string => `
    server { listen 127.0.0.1:${port}; server_name first; return 200 "first $host"; }
    server { listen 127.0.0.1:${port}; server_name b.test. *.c.test.; return 200 "second $host"; }`;

  it.each([
    ['b.test', 'second b.test'],
    ['b.test.', 'second b.test'],
    ['B.TEST.:8080', 'second b.test'],
    ['x.c.test.', 'second x.c.test'],
    ['other.test.', 'first other.test'],
  ])(
    'is found with and without a dot at its end, in every form of the target: %s',
    async (host, expected) => {
      await using server = await startTestServer(conf(await freePort()));
      const ask = (target: string, field: string): Promise<string> =>
        server.raw(`GET ${target} HTTP/1.1\r\nHost: ${field}\r\nConnection: close\r\n\r\n`);
      expect(await ask('/', host)).toMatch(new RegExp(`${expected}$`));
      expect(await ask(`http://${host}/`, 'first')).toMatch(new RegExp(`${expected}$`));
    },
  );
});

if (onlyOverTcp('7.4 misdirected requests', HTTPS_IS_RIGHT))
  describe('7.4 misdirected requests', () => {
    it('are rejected: an https target on a connection without TLS', async () => {
      await expectRefused(recording, message('GET https://a/ HTTP/1.1', ['Host: a']), 421);
      await expectRefused(recording, message('GET https://a:443/ HTTP/1.1', ['Host: a']), 421);
    });
  });

describe('7.6.1 Connection', () => {
  it('is a list of options without regard to case; unknown ones are ignored', async () => {
    const { statuses } = await recording.talk(
      get('Connection: X-Custom, Keep-Alive, TE', 'TE: trailers') + SECOND,
    );
    expect(statuses).toEqual([200, 200]);
  });

  it.each(['a b', '"close"', 'closed', 'not-close', 'c lose'])(
    'is no close where it only looks like one: %s',
    async (option) => {
      const { statuses } = await recording.talk(get(`Connection: ${option}`) + SECOND);
      expect(statuses).toEqual([200, 200]);
    },
  );
});

describe('7.8 Upgrade', () => {
  it.each([
    ['an unknown protocol', ['Connection: Upgrade', 'Upgrade: totally-made-up/1.0']],
    ['HTTP/2', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']],
    ['TLS', ['Connection: Upgrade', 'Upgrade: TLS/1.0']],
    ['several', ['Connection: Upgrade', 'Upgrade: foo/2, bar']],
    ['WebSocket', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']],
    ['nothing', ['Connection: Upgrade', 'Upgrade:']],
    ['something, without the option', ['Upgrade: websocket', 'Sec-WebSocket-Version: 13']],
  ])('is ignored if the server does not switch: %s', async (_, fields) => {
    const { answers } = await recording.talk(get(...fields) + SECOND);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.fields.has('upgrade')).toBe(false);
  });

  it('is ignored in HTTP/1.0', async () => {
    const { statuses } = await recording.talk(
      message('GET / HTTP/1.0', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 99']),
    );
    expect(statuses).toEqual([200]);
  });

  it('to an unsupported WebSocket version gets 426 with the supported version (RFC 6455 §4.4)', async () => {
    const { answers } = await recording.talk(
      get('Connection: Upgrade', 'Upgrade: WebSocket', 'Sec-WebSocket-Version: 99'),
    );
    expect(answers.map(({ status }) => status)).toEqual([426]);
    expect(answers[0]?.fields.get('upgrade')).toBe('websocket');
    expect(answers[0]?.fields.get('sec-websocket-version')).toBe('13');
    expect(answers[0]?.fields.get('connection')).toContain('upgrade');
  });
});

describe('8.3 Content-Type', () => {
  it('occurs once: two recipients could interpret it as different types', async () => {
    await expectRefused(recording, get('Content-Type: text/plain', 'Content-Type: text/html'), 400);
    await expectRefused(recording, get('Content-Type: text/plain', 'content-type: text/plain'), 400);
  });
});
