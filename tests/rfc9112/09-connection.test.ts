import { definePlugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswers, statuses } from '../wire/answers.js';
import { WireClient } from '../wire/client.js';
import { get, message, post, type RecordingServer, SECOND, startRecording } from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const connect = () => WireClient.connect(recording.server.port);

describe('9.3 persistence', () => {
  it.each([
    ['1.1', [], undefined],
    ['1.1', ['Connection: keep-alive'], undefined],
    ['1.1', ['Connection: upgrade, x-hop'], undefined],
    ['1.0', ['Connection: keep-alive'], 'keep-alive'],
    ['1.0', ['Connection: Keep-Alive'], 'keep-alive'],
    ['1.0', ['Connection: x, keep-alive'], 'keep-alive'],
  ])('keeps the connection for HTTP/%s with %j', async (version, fields, connection) => {
    const { answers } = await recording.talk(
      message(`GET / HTTP/${version}`, ['Host: a', ...fields]) + SECOND,
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.fields.get('connection')).toBe(connection);
  });

  it.each([
    ['1.0', []],
    ['1.0', ['Connection: close']],
    ['1.0', ['Connection: keep-alive, close']],
    ['1.0', ['Keep-Alive: 5']],
    ['1.1', ['Connection: close']],
    ['1.1', ['Connection: CLOSE']],
    ['1.1', ['Connection: close, keep-alive']],
    ['1.1', ['Connection: keep-alive,close']],
    ['1.1', ['Connection: x,\tclose ,y']],
    ['1.1', ['Connection: keep-alive', 'Connection: close']],
    ['1.1', ['Connection: , close,']],
  ])('closes it after the response for HTTP/%s with %j, and says so', async (version, fields) => {
    const { answers, requests } = await recording.talk(
      message(`GET / HTTP/${version}`, ['Host: a', ...fields]) + SECOND,
    );
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(answers[0]?.fields.get('connection')).toBe('close');
    expect(requests).toHaveLength(1);
  });

  it('closes it after the configured number of requests', async () => {
    await using few = await startRecording('keepalive_requests 3;');
    const { answers } = await few.talk(get().repeat(5));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.map(({ fields }) => fields.get('connection'))).toEqual([undefined, undefined, 'close']);
  });

  it('keeps it after an error that leaves the framing known', async () => {
    const { statuses: found, requests } = await recording.talk(
      message('FOO / HTTP/1.1', ['Host: a']) + message('TRACE / HTTP/1.1', ['Host: a']) + SECOND,
    );
    expect(found).toEqual([501, 405, 200]);
    expect(requests).toHaveLength(1);
  });
});

describe('9.3.2 pipelining', () => {
  it('responds in the order of the requests', async () => {
    const bodies = Array.from({ length: 50 }, (_, index) => `request ${index}`);
    const bytes = bodies.map((body) => post([`Content-Length: ${body.length}`], body)).join('');
    const { answers } = await recording.talk(bytes + SECOND);
    expect(answers.map(({ content }) => content)).toEqual([...bodies, '']);
  });

  it('responds in order even if the first takes longest', async () => {
    const waits = definePlugin({
      name: 'waits',
      apply({ hooks }) {
        hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['GET'] }, async ({ request }) => {
          await new Promise((resolve) => setTimeout(resolve, Number(request.query)));
          return { status: 200, body: request.query };
        });
      },
    });
    await using server = await startTestServer('', {}, { plugins: [waits] });
    const bytes = ['200', '50', '0'].map((wait) => message(`GET /?${wait} HTTP/1.1`, ['Host: a'])).join('');
    const text = await server.raw(`${bytes}GET /?1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(readAnswers(text).map(({ content }) => content)).toEqual(['200', '50', '0', '1']);
  });

  it('never starts a response before the previous one is complete', async () => {
    const streams = definePlugin({
      name: 'streams',
      apply({ hooks }) {
        hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET', 'POST'] }, ({ request }) => {
          if (request.path === '/second') return { status: 200, body: 'second' };
          return {
            status: 200,
            body: (async function* () {
              for (let piece = 0; piece < 5; piece += 1) {
                yield Buffer.from(`piece ${piece},`);
                await new Promise((resolve) => setTimeout(resolve, 40));
              }
            })(),
          };
        });
      },
    });
    await using server = await startTestServer('', {}, { plugins: [streams] });
    await using client = await WireClient.connect(server.port);
    client.send(post(['Content-Length: 5'], ''));
    await client.until('piece 0');
    client.send(`hello${SECOND}`);
    const contents = readAnswers(await client.untilEnd()).map(({ content }) => content);
    expect(contents).toEqual(['piece 0,piece 1,piece 2,piece 3,piece 4,', 'second']);
  });

  it('can respond with the body while it still arrives', async () => {
    const mirrors = definePlugin({
      name: 'mirrors',
      apply({ hooks }) {
        hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET', 'POST'] }, ({ request }) => ({
          status: 200,
          body: request.body,
        }));
      },
    });
    await using server = await startTestServer('client_max_body_size 10m;', {}, { plugins: [mirrors] });
    for (const size of [10, 1_000_000]) {
      await using client = await WireClient.connect(server.port);
      client.send(post([`Content-Length: ${size}`, 'Connection: close'], 'first'));
      await client.until('first');
      client.send('x'.repeat(size - 5));
      const [answer] = readAnswers(await client.untilEnd());
      expect(answer?.content).toBe(`first${'x'.repeat(size - 5)}`);
    }
  });

  it('stops executing while the client sends 3,000 requests and reads nothing, then continues', async () => {
    await using patient = await startRecording('keepalive_requests 20000;');
    await using client = await WireClient.connect(patient.server.port);
    client.pause();
    client.send(post(['Content-Length: 5000'], 'x'.repeat(5000)).repeat(3_000) + SECOND);
    let executed = -1;
    while (patient.requests.length !== executed) {
      executed = patient.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(executed).toBeGreaterThan(0);
    expect(executed).toBeLessThan(2_700);
    client.resume();
    expect(statuses(await client.untilEnd())).toHaveLength(3_001);
    expect(patient.requests.at(-1)?.path).toBe('/second');
  });

  it('rejects only a malformed request after valid ones', async () => {
    const { statuses: found, requests } = await recording.talk(`${get()}${get()}rubbish\r\n\r\n${SECOND}`);
    expect(found).toEqual([200, 200, 400]);
    expect(requests).toHaveLength(2);
  });
});

describe('9.5 failures and timeouts', () => {
  it('closes a connection without a request', async () => {
    await using idle = await startRecording('client_header_timeout 300ms;');
    await using client = await WireClient.connect(idle.server.port);
    expect(await client.untilEnd()).toBe('');
  });

  it('closes a persistent connection without a further request', async () => {
    await using idle = await startRecording('keepalive_timeout 300ms;');
    await using client = await WireClient.connect(idle.server.port);
    client.send(get());
    expect(statuses(await client.untilEnd())).toEqual([200]);
  });

  it('closes it without a response if only an empty line arrived', async () => {
    await using idle = await startRecording('keepalive_timeout 300ms; client_header_timeout 300ms;');
    await using client = await WireClient.connect(idle.server.port);
    client.send(`${get()}\r\n`);
    expect(statuses(await client.untilEnd())).toEqual([200]);
  });

  it('says so in the first response if connections do not persist', async () => {
    await using none = await startRecording('keepalive_timeout 0;');
    const { answers } = await none.talk(get() + SECOND);
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(answers[0]?.fields.get('connection')).toBe('close');
  });

  it('responds to a client that has ended its side', async () => {
    await using client = await connect();
    client.send(get());
    client.end();
    expect(statuses(await client.untilEnd())).toEqual([200]);
  });

  it('responds to all requests pipelined before the client ended its side', async () => {
    await using client = await connect();
    client.send(get().repeat(20));
    client.end();
    expect(statuses(await client.untilEnd())).toHaveLength(20);
  });
});

describe('9.6 tear-down', () => {
  it('lets a client that still sends read the response before the connection closes', async () => {
    await using small = await startRecording('client_max_body_size 1000;');
    const size = 5_000_000;
    const { answers, requests } = await small.talk(post([`Content-Length: ${size}`], 'x'.repeat(size)));
    expect(answers.map(({ status }) => status)).toEqual([413]);
    expect(answers[0]?.fields.get('connection')).toBe('close');
    expect(requests).toEqual([]);
  });

  it('executes nothing after the last response', async () => {
    await using client = await connect();
    client.send(get('Connection: close'));
    await client.until('\r\n\r\n');
    const before = recording.requests.length;
    client.send(get());
    expect(statuses(await client.untilEnd())).toEqual([200]);
    expect(recording.requests).toHaveLength(before);
  });
});
