import { type FullRequest, requestBody } from '../request.js';
import { expectSame } from './compare.js';
import { open } from './servers.js';
import type { Rule } from './subject.js';

/** Number of bytes sent one by one; a whole large body would take minutes. */
const SINGLE_BYTES = 2_000;

async function* byteByByte(request: FullRequest): AsyncGenerator<Uint8Array> {
  let single = 0;
  for await (const piece of requestBody(request)) {
    const alone = Math.min(piece.length, SINGLE_BYTES - single);
    single += alone;
    for (let at = 0; at < alone; at += 1) yield piece.subarray(at, at + 1);
    if (alone < piece.length) yield piece.subarray(alone);
  }
}

/** A body of known length is sent chunked here, so that its length is unknown as well. */
export const bodyInPieces: Rule = {
  name: 'a body that arrives byte by byte gives the same response as one that arrives whole',
  async check(subject) {
    for (const request of subject.requests.filter(({ body }) => body instanceof Uint8Array)) {
      await using whole = await open(subject);
      const first = await whole.ask(request);
      await using server = await open(subject);
      const response = await server.ask({ ...request, body: byteByByte(request) });
      expectSame(request, first, response, 'body byte by byte', subject);
    }
  },
};
