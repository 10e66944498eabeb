import { definePlugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswers, statuses } from '../wire/answers.js';
import { WireClient } from '../wire/client.js';
import {
  expectRefused,
  get,
  message,
  post,
  type RecordingServer,
  SECOND,
  startRecording,
} from '../wire/talk.js';

let recording: RecordingServer;
beforeAll(async () => {
  recording = await startRecording();
});
afterAll(() => recording[Symbol.asyncDispose]());

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

describe('10.1.1 Expect', () => {
  it.each(['100-continue', '100-Continue', '100-CONTINUE'])(
    'has the client asked for the content when it is first read: %s',
    async (expectation) => {
      await using client = await WireClient.connect(recording.server.port);
      client.send(post([`Expect: ${expectation}`, 'Content-Length: 5', 'Connection: close'], ''));
      expect(await client.until('\r\n\r\n')).toBe(CONTINUE);
      client.send('hello');
      const answers = readAnswers(await client.untilEnd());
      expect(answers.map(({ status }) => status)).toEqual([100, 200]);
      expect(answers[1]?.content).toBe('hello');
    },
  );

  it('makes the server request a chunked body too', async () => {
    await using client = await WireClient.connect(recording.server.port);
    client.send(post(['Expect: 100-continue', 'Transfer-Encoding: chunked', 'Connection: close'], ''));
    await client.until(CONTINUE);
    client.send('5\r\nhello\r\n0\r\n\r\n');
    expect(statuses(await client.untilEnd())).toEqual([100, 200]);
  });

  it('is met once for each request of a connection', async () => {
    await using client = await WireClient.connect(recording.server.port);
    for (const expected of [1, 2, 3]) {
      client.send(post(['Expect: 100-continue', 'Content-Length: 5'], ''));
      while (client.received.split(CONTINUE).length <= expected) await new Promise((r) => setTimeout(r, 5));
      client.send(`hell${expected}`);
      await client.until(`hell${expected}`);
    }
    client.send(SECOND);
    expect(statuses(await client.untilEnd())).toEqual([100, 200, 100, 200, 100, 200, 200]);
  });

  it('is not met before the body is read', async () => {
    let read = (): void => {};
    const reads = definePlugin({
      name: 'reads-later',
      apply({ hooks }) {
        hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['POST'] }, async ({ request }) => {
          await new Promise<void>((resolve) => {
            read = resolve;
          });
          for await (const _ of request.body);
          return { status: 200 };
        });
      },
    });
    await using server = await startTestServer('', {}, { plugins: [reads] });
    await using client = await WireClient.connect(server.port);
    client.send(post(['Expect: 100-continue', 'Content-Length: 5', 'Connection: close'], ''));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(client.received).toBe('');
    read();
    await client.until(CONTINUE);
    client.send('hello');
    expect(statuses(await client.untilEnd())).toEqual([100, 200]);
  });

  it.each([
    ['content too large', 'client_max_body_size 4;', 'POST /', 413],
    ['a method not allowed', 'methods GET;', 'POST /', 405],
    ['a method nobody knows', '', 'FOO /', 501],
    ['a redirect', 'location /old { return 301 /new; }', 'POST /old', 301],
    ['nobody who reads it', '', 'POST /unread', 200],
  ])('gets a final response without 100 if the body is not needed: %s', async (_, conf, line, status) => {
    await using picky = await startRecording(conf);
    await using client = await WireClient.connect(picky.server.port);
    client.send(message(`${line} HTTP/1.1`, ['Host: a', 'Expect: 100-continue', 'Content-Length: 5']));
    const [answer, ...more] = readAnswers(await client.untilEnd());
    expect(answer?.status).toBe(status);
    expect(more).toEqual([]);
    // The client may send the body anyway, or the next request: only a new connection is in step.
    expect(answer?.fields.get('connection')).toBe('close');
  });

  it('does not let a body sent without waiting be read as a request', async () => {
    await using picky = await startRecording('methods GET;');
    await using client = await WireClient.connect(picky.server.port);
    client.send(
      message('POST / HTTP/1.1', ['Host: a', 'Expect: 100-continue', `Content-Length: ${SECOND.length}`]),
    );
    await client.until('405');
    client.send(SECOND);
    expect(statuses(await client.untilEnd())).toEqual([405]);
    expect(picky.requests).toEqual([]);
  });

  it('needs no 100 if the body has already arrived', async () => {
    const { statuses: found, requests } = await recording.talk(
      post(['Expect: 100-continue', 'Content-Length: 5'], 'hello') + SECOND,
    );
    expect(found).toEqual([200, 200]);
    expect(requests[0]?.content).toBe('hello');
  });

  it('needs no 100 without a body', async () => {
    expect((await recording.talk(get('Expect: 100-continue') + SECOND)).statuses).toEqual([200, 200]);
    expect(
      (await recording.talk(post(['Expect: 100-continue', 'Content-Length: 0'], '') + SECOND)).statuses,
    ).toEqual([200, 200]);
  });

  it('is ignored in HTTP/1.0, which has no interim responses', async () => {
    await using client = await WireClient.connect(recording.server.port);
    client.send(message('POST / HTTP/1.0', ['Expect: 100-continue', 'Content-Length: 5']));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(client.received).toBe('');
    client.send('hello');
    expect(statuses(await client.untilEnd())).toEqual([200]);
  });

  it.each([
    '',
    '200-ok',
    '100',
    'continue',
    '100-continue, 100-continue',
    '100-continue;q=1',
    'x=y',
    '"100-continue"',
  ])('gets 417 for any other expectation: %j', (expectation) =>
    expectRefused(recording, get(`Expect: ${expectation}`), 417),
  );
});
