import { describe, expect, it } from 'vitest';
import { type DecodedPath, decodePath } from '../path/url-path.js';
import { InnerRoutes } from './inner-routes.js';
import type { Route } from './route.js';
import type { RouteNode } from './route-node.js';
import { RouteTable } from './route-table.js';

function route(name: string): Route {
  return {
    name,
    label: name,
    place: undefined,
    prefix: '/',
    root: undefined,
    boundary: { directory: '/', followSymlinks: false },
    ignoreClientAbort: false,
    maxBodySize: 0,
    serverName: '',
    methods: new Set(),
    methodsDeclared: false,
    errorPages: new Map(),
    hooks: {
      onRoute: undefined,
      restrict: undefined,
      onResponse: undefined,
      onDone: undefined,
      onRefused: undefined,
      methods: new Set(),
      taps: [],
    },
    scripts: undefined,
    offers: () => undefined,
    everyRoute: () => [],
    resolve: () => undefined,
    open: async () => ({ kind: 'absent' }),
    contentType: () => '',
  };
}

let builds = 0;
const inner = new InnerRoutes(async (around, location) => {
  builds += 1;
  return route(`${location.name} in ${around.name}`);
}, 3);

function node(name: string, locations: Record<string, string> = {}, around?: RouteNode): RouteNode {
  const own = route(name);
  const routes = Object.entries(locations).map(
    ([extension, written]) => [extension, route(written)] as const,
  );
  for (const [, location] of routes) inner.add(own, location, location);
  return {
    route: own,
    extensions: routes.length === 0 ? undefined : new Map(routes),
    around,
    isolation: 0,
  };
}

const root = node('server', { '.php': 'php' });
const img = node('img', { '.png': 'png', '.tar.gz': 'tarball' }, root);
const table = new RouteTable(
  root,
  new Map([['/exact', node('exact')]]),
  new Map([
    ['/img', img],
    ['/img/large', node('large', {}, img)],
    ['/img/own', node('own', { '.php': 'own php' }, img)],
    ['/exact', node('prefix', {}, root)],
    ['/isolated', node('isolated')],
  ]),
  inner,
);

function decoded(path: string): DecodedPath {
  const found = decodePath(path);
  if (found === undefined) throw new Error(`not a path: ${path}`);
  return found;
}

const nameOf = async (path: string): Promise<string> => (await table.seek(decoded(path))).route.name;

describe('a path finds its location', () => {
  it.each([
    ['/', 'server'],
    ['/imgs', 'server'],
    ['/img', 'img'],
    ['/img/', 'img'],
    ['/img/a', 'img'],
    ['/img/larger', 'img'],
    ['/img/large', 'large'],
    ['/img/large/x/y/z', 'large'],
    ['/other/img/large', 'server'],
    ['/exact', 'exact'],
    ['/exact/', 'prefix'],
    ['/img/a.png', 'png'],
    ['/img/a.b.tar.gz', 'tarball'],
    ['/a.php', 'php'],
    ['/a.php/b', 'server'],
    ['/isolated/a.php', 'isolated'],
    ['/img/own/a.php', 'own php'],
  ])('%s is routed to %s', (path, expected) => {
    expect(table.find(decoded(path))?.name).toBe(expected);
  });

  it.each([
    ['/img/a.php', 'php in img'],
    ['/img/large/a.php', 'php in large'],
    ['/img/large/a.png', 'png in large'],
    ['/img/own/a.tar.gz', 'tarball in own'],
    ['/exact/a.php', 'php in prefix'],
  ])('%s is routed to an extension location of an enclosing block: %s', async (path, expected) => {
    expect(await nameOf(path)).toBe(expected);
  });

  it('a path of thousands of segments takes no more lookups than the deepest location has segments', () => {
    expect(table.find(decoded('/a'.repeat(4000)))?.name).toBe('server');
    expect(table.find(decoded(`/img/large${'/a'.repeat(4000)}`))?.name).toBe('large');
  });
});

describe('the route of an extension location inside another location', () => {
  it('is built once, also for simultaneous requests, and found from then on', async () => {
    await nameOf('/img/a.php');
    const before = builds;
    expect(table.find(decoded('/img/a.php'))?.name).toBe('php in img');
    await Promise.all([nameOf('/img/large/x.php'), nameOf('/img/large/y.php')]);
    expect(builds - before).toBeLessThanOrEqual(1);
  });

  it('is dropped if there are too many, the oldest first', async () => {
    for (const path of [
      '/img/a.php',
      '/img/large/a.php',
      '/img/large/a.png',
      '/img/own/a.tar.gz',
      '/exact/a.php',
    ])
      await nameOf(path);
    expect(table.find(decoded('/exact/a.php'))?.name).toBe('php in prefix');
    expect(table.find(decoded('/img/a.php'))).toBeUndefined();
  });
});
