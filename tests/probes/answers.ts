import { definePlugin, type Exchange, type Response, Stage } from '@webserv/server';

async function contentOf({ request }: Exchange): Promise<Response> {
  const pieces: Uint8Array[] = [];
  for await (const piece of request.body) pieces.push(piece);
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.concat(pieces) };
}

function lines(all: readonly string[]): Response {
  return {
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body: all.map((line) => `${line}\n`).join(''),
  };
}

/** Responses that the probes' runner expects from the server, besides a page at `/`. */
export default definePlugin({
  name: 'probe-answers',
  apply({ hooks, route }) {
    if (route.prefix === '/echo') {
      hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET', 'HEAD', 'POST'] }, ({ request }) =>
        lines([...request.headers].map(([name, value]) => `${name}: ${value}`)),
      );
    } else if (route.prefix === '/cookie') {
      hooks.onRoute.tap({ stage: Stage.handler, methods: ['GET', 'HEAD'] }, ({ request }) =>
        lines((request.headers.get('cookie') ?? '').split('; ')),
      );
    } else {
      hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['POST'] }, contentOf);
    }
  },
});
