import { definePlugin, type Exchange, type Plugin, type Response, Stage } from '@webserv/server';

/** A request as a plugin sees it. */
export interface Recorded {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly segments: readonly string[];
  readonly query: string;
  readonly host: string;
  readonly version: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The body, one character per byte; empty if it was not read. */
  readonly content: string;
}

/** A plugin that records every request it gets and responds with that request's properties. */
export interface Recorder {
  readonly plugin: Plugin;
  /** In the order of execution. */
  readonly requests: readonly Recorded[];
}

/**
 * Handles the usual methods: for `/unread…` immediately, without reading the body; otherwise with the body it received.
 */
export function recorder(): Recorder {
  const requests: Recorded[] = [];
  const plugin = definePlugin({
    name: 'recorder',
    apply({ hooks }) {
      hooks.onRoute.tapPromise({ stage: Stage.handler }, async (exchange) => {
        const unread = exchange.request.path.startsWith('/unread');
        const content = unread ? '' : await contentOf(exchange);
        requests.push(record(exchange, content));
        return answer(unread ? 'unread' : content);
      });
    },
  });
  return { plugin, requests };
}

async function contentOf({ request }: Exchange): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of request.body) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

function record({ request }: Exchange, content: string): Recorded {
  const { method, target, path, segments, query, host, version, headers } = request;
  return { method, target, path, segments, query, host, version, fields: [...headers], content };
}

function answer(content: string): Response {
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.from(content, 'latin1'),
  };
}
