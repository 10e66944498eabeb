import { fail } from 'node:assert';
import { definePlugin } from '../../kernel/contract/define-plugin.js';
import { faultsIn } from '../recording-log.js';
import { type FullRequest, requestHead } from '../request.js';
import type { SocketlessServer } from '../socketless.js';
import { expectSame, isSafe, named } from './answers.js';
import { open, until } from './servers.js';
import type { Rule, Subject } from './subject.js';

/** What a request gets that has no content of its own. */
const SOME_CONTENT = Buffer.alloc(64 * 1024, 'x');
/** How long the server has to begin with what it got before the client leaves, in milliseconds. */
const BEGIN_MS = 50;

/** Has a client leave, and looks at what is left of it. */
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
  const [fault] = faultsIn(server.log);
  if (fault !== undefined) fail(`${named(request)}, ${when}: the log says ${fault}`);
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

export const leftSending: Rule = {
  name: 'a client that leaves in the middle of its content leaves nothing behind',
  async check(subject) {
    for (const request of subject.requests) {
      const { body } = request;
      const own = body instanceof Uint8Array && body.length > 1;
      const sending = own ? request : { ...request, method: 'POST', body: SOME_CONTENT };
      const content = own ? body : SOME_CONTENT;
      await leave(subject, request, 'in the middle of its content', async (server) => {
        const client = server.connect();
        await client.send(requestHead(sending));
        await client.send(content.subarray(0, content.length >> 1));
        await pause();
        client.leave();
      });
    }
  },
};

export const leftReceiving: Rule = {
  name: 'a client that leaves in the middle of its answer leaves nothing behind',
  async check(subject) {
    for (const request of subject.requests.filter(isSafe)) {
      await leave(subject, request, 'in the middle of its answer', async (server) => {
        const client = server.connect();
        await client.send(requestHead(request));
        await client.answering();
        client.leave();
      });
    }
  },
};
