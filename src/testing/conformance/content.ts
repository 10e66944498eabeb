import { type FullRequest, requestContent } from '../request.js';
import { expectSame } from './answers.js';
import { open } from './servers.js';
import type { Rule } from './subject.js';

/** So many bytes come alone; the rest of a large content would take minutes. */
const SINGLE_BYTES = 2_000;

async function* byteByByte(request: FullRequest): AsyncGenerator<Uint8Array> {
  let single = 0;
  for await (const piece of requestContent(request)) {
    const alone = Math.min(piece.length, SINGLE_BYTES - single);
    single += alone;
    for (let at = 0; at < alone; at += 1) yield piece.subarray(at, at + 1);
    if (alone < piece.length) yield piece.subarray(alone);
  }
}

/** A content of known length is sent chunked here, and so with an unknown one. */
export const pieces: Rule = {
  name: 'content that comes byte by byte is taken as content that comes at once',
  async check(subject) {
    for (const request of subject.requests.filter(({ body }) => body instanceof Uint8Array)) {
      await using whole = await open(subject);
      const first = await whole.ask(request);
      await using server = await open(subject);
      const answer = await server.ask({ ...request, body: byteByByte(request) });
      expectSame(request, first, answer, 'content byte by byte', subject);
    }
  },
};
