import { startTestServer, type TestServer } from '@webserv/server/testing';
import { expect } from 'vitest';
import { type Answer, readAnswers } from './answers.js';
import { type Recorded, recorder } from './recorder.js';

/** The outcome of sending bytes on one connection until the server closed it. */
export interface Outcome {
  readonly answers: readonly Answer[];
  readonly statuses: readonly number[];
  /** The executed requests, in order. */
  readonly requests: readonly Recorded[];
}

/** A server that records the requests it executes. */
export interface RecordingServer extends AsyncDisposable {
  readonly server: TestServer;
  readonly requests: readonly Recorded[];
  /** @param methods of the requests in the bytes, to recognise HEAD */
  talk(bytes: string | Uint8Array, methods?: readonly string[]): Promise<Outcome>;
}

export async function startRecording(conf = ''): Promise<RecordingServer> {
  const { plugin, requests } = recorder();
  const server = await startTestServer(conf, {}, { plugins: [plugin] });
  return {
    server,
    requests,
    talk: async (bytes, methods) => {
      const before = requests.length;
      const answers = readAnswers(await server.raw(bytes), methods);
      return { answers, statuses: answers.map(({ status }) => status), requests: requests.slice(before) };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A second request; it must not be executed if the one before it is rejected. */
export const SECOND = 'GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/**
 * Expects one response with that status and a close; neither the bytes nor a second request after them may be executed.
 */
export async function expectRefused(
  { talk }: RecordingServer,
  bytes: string,
  status: number,
  methods: readonly string[] = [],
): Promise<void> {
  const { statuses, requests, answers } = await talk(bytes + SECOND, methods);
  expect(statuses).toEqual([status]);
  expect(requests).toEqual([]);
  expect(answers[0]?.fields.get('connection')).toBe('close');
}

/** A GET with these field lines after Host, each without its line break. */
export function get(...fields: readonly string[]): string {
  return message('GET / HTTP/1.1', ['Host: a', ...fields]);
}

/** A POST with these field lines after Host, and a body that is sent unchanged. */
export function post(fields: readonly string[], content: string): string {
  return message('POST / HTTP/1.1', ['Host: a', ...fields], content);
}

export function message(requestLine: string, fields: readonly string[], content = ''): string {
  return `${[requestLine, ...fields].join('\r\n')}\r\n\r\n${content}`;
}
