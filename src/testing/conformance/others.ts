import { fail } from 'node:assert';
import { definePlugin } from '../../kernel/contract/define-plugin.js';
import { Stage } from '../../kernel/contract/hooks.js';
import type { Plugin } from '../../kernel/contract/plugin.js';
import type { Response } from '../../kernel/http/message.js';
import { faultsIn } from '../recording-log.js';
import { type FullRequest, requestHead } from '../request.js';
import { named } from './answers.js';
import { open, until } from './servers.js';
import type { Rule } from './subject.js';

const NAME = 'conformance-other';
const FAULT = 'a fault on purpose';

/** Another plugin, that answers before the one examined: what it does must show as it is. */
function other(answer: () => Response): { readonly plugin: Plugin; readonly asked: () => boolean } {
  let isAsked = false;
  const plugin = definePlugin({
    name: NAME,
    apply({ hooks }) {
      hooks.onRoute.tap({ stage: Stage.rewrite - 10 }, () => {
        isAsked = true;
        return answer();
      });
    },
  });
  return { plugin, asked: () => isAsked };
}

const page = (body: AsyncIterable<Uint8Array>): Response => ({
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body,
});

const PIECE = Buffer.alloc(8 * 1024, 'a line of text\n');

/** A GET: what another plugin answers to it has content. */
function asGet(request: FullRequest): FullRequest {
  return { ...request, method: 'GET', body: undefined };
}

export const faults: Rule = {
  name: 'a fault of another plugin stays that plugin’s',
  async check(subject) {
    for (const request of subject.requests) {
      const { plugin, asked } = other(() => {
        throw new Error(FAULT);
      });
      await using server = await open(subject, plugin);
      const { status } = await server.ask(request);
      if (!asked()) continue; // refused before it has a route
      if (status !== 500) fail(`${named(request)}: another plugin failed, and the client sees ${status}`);
      const told = faultsIn(server.log);
      const blamed = told.find((line) => !line.includes(`plugin "${NAME}"`));
      if (blamed !== undefined) fail(`${named(request)}: another plugin failed, and the log says ${blamed}`);
      if (told.length === 0) fail(`${named(request)}: another plugin failed, and the log says nothing`);
    }
  },
};

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield PIECE;
  throw new Error(FAULT);
}

export const brokenStreams: Rule = {
  name: 'an answer that breaks off is not made a whole one',
  async check(subject) {
    for (const request of subject.requests.map(asGet)) {
      const { plugin, asked } = other(() => page(breaking()));
      await using server = await open(subject, plugin);
      const answer = await server.ask(request);
      if (!asked() || answer.status >= 500) continue;
      if (answer.complete)
        fail(`${named(request)}: the stream it got broke, and the client sees a whole answer`);
    }
  },
};

/** A stream without an end, as an object: to end a generator that waits would wait itself. */
function endless(): {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly ended: () => boolean;
  readonly begun: () => boolean;
} {
  let isEnded = false;
  let isBegun = false;
  const iterator: AsyncIterator<Uint8Array> = {
    next: async () => {
      isBegun = true;
      return { done: false, value: PIECE };
    },
    return: async () => {
      isEnded = true;
      return { done: true, value: undefined };
    },
  };
  return { stream: { [Symbol.asyncIterator]: () => iterator }, ended: () => isEnded, begun: () => isBegun };
}

export const endlessStreams: Rule = {
  name: 'an answer’s stream is ended when the client leaves',
  async check(subject) {
    for (const request of subject.requests.map(asGet)) {
      const source = endless();
      const { plugin, asked } = other(() => page(source.stream));
      await using server = await open(subject, plugin);
      const client = server.connect();
      await client.send(requestHead(request));
      await client.answering();
      client.leave();
      if (!asked() || !source.begun()) continue;
      if (!(await until(source.ended))) fail(`${named(request)}: the stream it got is not ended`);
    }
  },
};
