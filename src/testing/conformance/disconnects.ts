import { fail } from 'node:assert';
import { definePlugin } from '../../kernel/contract/define-plugin.js';
import { errorsIn } from '../recording-log.js';
import { type FullRequest, requestHead } from '../request.js';
import type { SocketlessServer } from '../socketless.js';
import { expectSame, isSafe, named } from './compare.js';
import { open, until } from './servers.js';
import type { Rule, Subject } from './subject.js';

/** The body of requests that have none of their own. */
const SOME_BODY = Buffer.alloc(64 * 1024, 'x');
/** Time for the server to begin processing before the client leaves, in milliseconds. */
const BEGIN_MS = 50;

/** Disconnects a client, then checks that the exchange ends and that later responses are not affected. */
async function leave(
  subject: Subject,
  request: FullRequest,
  when: string,
  visit: (server: SocketlessServer) => Promise<void>,
): Promise<void> {
  let ended = 0;
  const observer = definePlugin({
    name: 'conformance-observer',
    apply({ hooks }) {
      hooks.onDone.tap({}, () => {
        ended += 1;
      });
    },
  });
  await using server = await open(subject, observer);
  await visit(server);
  if (!(await until(() => ended > 0))) fail(`${named(request)}, ${when}: the exchange does not end`);
  const [error] = errorsIn(server.log);
  if (error !== undefined) fail(`${named(request)}, ${when}: the error log has ${error}`);
  await using other = await open(subject);
  expectSame(
    request,
    await other.ask(request),
    await server.ask(request),
    `after a client left ${when}`,
    subject,
  );
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, BEGIN_MS));

export const disconnectSending: Rule = {
  name: 'a client that leaves while sending the body has no lasting effect',
  async check(subject) {
    for (const request of subject.requests) {
      const { body } = request;
      const own = body instanceof Uint8Array && body.length > 1;
      const sending = own ? request : { ...request, method: 'POST', body: SOME_BODY };
      const content = own ? body : SOME_BODY;
      await leave(subject, request, 'while sending the body', async (server) => {
        const client = server.connect();
        await client.send(requestHead(sending));
        await client.send(content.subarray(0, content.length >> 1));
        await pause();
        client.leave();
      });
    }
  },
};

export const disconnectReceiving: Rule = {
  name: 'a client that leaves during the response has no lasting effect',
  async check(subject) {
    for (const request of subject.requests.filter(isSafe)) {
      await leave(subject, request, 'during the response', async (server) => {
        const client = server.connect();
        await client.send(requestHead(request));
        await client.firstBytes();
        client.leave();
      });
    }
  },
};
