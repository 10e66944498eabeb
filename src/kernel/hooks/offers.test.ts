import { definePlugin, type RouteView, Stage } from '@webserv/server';
import { expect, it } from 'vitest';
import { startTestServer } from '../../testing/index.js';
import { OfferTable } from './offer-table.js';

it('a plugin asks at a request what another one announced about the route, in either order of the plugins', async () => {
  const asker = definePlugin({
    name: 'asker',
    apply({ hooks, route }) {
      hooks.onRoute.tap({ stage: Stage.rewrite }, () => ({
        status: 200,
        body: JSON.stringify([route.offers('siblings'), route.everyRoute().map(({ prefix }) => prefix)]),
      }));
    },
  });
  const teller = definePlugin({
    name: 'teller',
    apply({ announce, route }) {
      if (route.prefix === '/a') announce('siblings', ['.x']);
    },
  });
  for (const plugins of [
    [asker, teller],
    [teller, asker],
  ]) {
    const conf = 'location /a { root www; } location /b { root www; }';
    await using server = await startTestServer(conf, { 'www/': null }, { plugins });
    const ask = async (path: string): Promise<unknown> => (await server.fetch(path)).json();
    expect(await ask('/a')).toEqual([['.x'], ['/', '/a', '/b']]);
    expect(await ask('/b')).toEqual([null, ['/', '/a', '/b']]);
  }
});

it('two plugins cannot announce the same about a route', () => {
  const offers = new OfferTable();
  offers.announce('one', 'siblings', ['.gz']);
  expect(() => offers.announce('two', 'siblings', ['.br'])).toThrow(
    '"siblings" is already announced by plugin "one"',
  );
  expect(offers.get('siblings')).toEqual(['.gz']);
  const route: Pick<RouteView, 'offers'> = { offers: (name) => offers.get(name) };
  expect(route.offers('cors')).toBeUndefined();
});
