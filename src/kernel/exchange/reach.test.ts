import { definePlugin, type Exchange, Stage } from '@webserv/server';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/index.js';

/** Every name that plain JavaScript finds on a value, its own and inherited ones; without what every object has. */
function namesOf(value: object): readonly string[] {
  const names = new Set<string>();
  for (let at = value; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  names.delete('constructor');
  return [...names].sort();
}

const EXCHANGE = [
  'errorStatus',
  'final',
  'forward',
  'forwardToIndex',
  'inform',
  'open',
  'origin',
  'outcome',
  'own',
  'refused',
  'request',
  'route',
  'script',
  'setVariable',
  'signal',
  'variable',
];
const REQUEST = [
  'body',
  'headers',
  'host',
  'method',
  'path',
  'peer',
  'query',
  'segments',
  'target',
  'version',
];
const BODY = ['awaited', 'length', 'read', 'received'];

/** The names that taps found, by `METHOD PATH` of their request, or `onRequest`. */
const seen = new Map<string, readonly (readonly string[])[]>();

const looker = definePlugin({
  name: 'looker',
  setup({ hooks }) {
    hooks.onRequest.tap({}, (request) => {
      seen.set(`onRequest ${request.method}`, [namesOf(request), namesOf(request.body)]);
      return undefined;
    });
  },
  apply({ hooks }) {
    const note = (exchange: Exchange): void => {
      const { request, origin, final } = exchange;
      seen.set(`${request.method} ${request.path}`, [
        ...[exchange, origin ?? exchange, final].map(namesOf),
        namesOf(request),
        namesOf(request.body),
      ]);
    };
    hooks.onRoute.tapPromise({ stage: Stage.rewrite - 10 }, async (exchange) => {
      note(exchange);
      return exchange.request.path === '/from' ? exchange.forward('/to', 'GET') : undefined;
    });
    hooks.onDone.tap({ refused: true }, (exchange) => {
      if (exchange.refused !== undefined) note(exchange);
    });
  },
});

describe('a plugin finds nothing by name but what the contract has', () => {
  beforeAll(async () => {
    await using server = await startTestServer('return 200;', {}, { plugins: [looker] });
    await server.fetch('/get');
    await server.fetch('/from', { method: 'POST', body: 'hello' });
    await server.raw('rubbish\r\n\r\n');
  });

  it.each(['GET /get', 'POST /from', 'GET /to', '- /'])('in a tap of %s', (request) => {
    expect(seen.get(request)).toEqual([EXCHANGE, EXCHANGE, EXCHANGE, REQUEST, BODY]);
  });

  it.each(['GET', 'POST'])('in a tap of onRequest for %s', (method) => {
    expect(seen.get(`onRequest ${method}`)).toEqual([REQUEST, BODY]);
  });
});
