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
  /** One character a byte; empty where it was not read. */
  readonly content: string;
}

/** A plugin that remembers every request it is asked to answer, and answers with what it got. */
export interface Recorder {
  readonly plugin: Plugin;
  /** In the order they were executed. */
  readonly requests: readonly Recorded[];
}

/**
 * Answers any usual method: at `/unread…` at once, with the content left where it is; anywhere else with the content
 * it was sent.
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
