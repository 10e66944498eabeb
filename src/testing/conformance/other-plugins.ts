import { fail } from 'node:assert';
import { definePlugin } from '../../kernel/contract/define-plugin.js';
import { Stage } from '../../kernel/contract/hooks.js';
import type { Plugin } from '../../kernel/contract/plugin.js';
import type { Response } from '../../kernel/http/message.js';
import { errorsIn } from '../recording-log.js';
import { type FullRequest, requestHead } from '../request.js';
import { named } from './compare.js';
import { open, until } from './servers.js';
import type { Rule } from './subject.js';

const NAME = 'conformance-other';
const ERROR = 'an error on purpose';

/** Another plugin, which responds before the plugin under test: its responses and errors must arrive unchanged. */
function other(response: () => Response): { readonly plugin: Plugin; readonly asked: () => boolean } {
  let isAsked = false;
  const plugin = definePlugin({
    name: NAME,
    apply({ hooks }) {
      hooks.onRoute.tap({ stage: Stage.rewrite - 10 }, () => {
        isAsked = true;
        return response();
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

/** Turns a request into a GET, since the other plugin's responses have a body. */
function asGet(request: FullRequest): FullRequest {
  return { ...request, method: 'GET', body: undefined };
}

export const attributedErrors: Rule = {
  name: 'an error of another plugin is attributed to that plugin',
  async check(subject) {
    for (const request of subject.requests) {
      const { plugin, asked } = other(() => {
        throw new Error(ERROR);
      });
      await using server = await open(subject, plugin);
      const { status } = await server.ask(request);
      if (!asked()) continue; // rejected before it is routed
      if (status !== 500) fail(`${named(request)}: another plugin failed, and the client gets ${status}`);
      const logged = errorsIn(server.log);
      const wrong = logged.find((line) => !line.includes(`plugin "${NAME}"`));
      if (wrong !== undefined)
        fail(`${named(request)}: another plugin failed, and the error log has ${wrong}`);
      if (logged.length === 0) fail(`${named(request)}: another plugin failed, and the error log is empty`);
    }
  },
};

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield PIECE;
  throw new Error(ERROR);
}

export const brokenStreams: Rule = {
  name: 'an incomplete response stays incomplete',
  async check(subject) {
    for (const request of subject.requests.map(asGet)) {
      const { plugin, asked } = other(() => page(breaking()));
      await using server = await open(subject, plugin);
      const response = await server.ask(request);
      if (!asked() || response.status >= 500) continue;
      if (response.complete)
        fail(`${named(request)}: another plugin's stream failed, and the client gets a complete response`);
    }
  },
};

/** A stream without an end. It is not a generator: ending a generator that waits would wait itself. */
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
  name: 'the stream of a response is ended when the client leaves',
  async check(subject) {
    for (const request of subject.requests.map(asGet)) {
      const source = endless();
      const { plugin, asked } = other(() => page(source.stream));
      await using server = await open(subject, plugin);
      const client = server.connect();
      await client.send(requestHead(request));
      await client.firstBytes();
      client.leave();
      if (!asked() || !source.begun()) continue;
      if (!(await until(source.ended))) fail(`${named(request)}: another plugin's stream is not ended`);
    }
  },
};
