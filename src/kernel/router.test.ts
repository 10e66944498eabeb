import { describe, expect, it } from 'vitest';
import type { Route } from './route.js';
import { Endpoint, type RouteNode, RouteTable } from './router.js';

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
      onResponse: undefined,
      onDone: undefined,
      onRefused: undefined,
      methods: new Set(),
      taps: [],
    },
    resolve: () => undefined,
    open: async () => ({ kind: 'absent' }),
    contentType: () => '',
    offers: () => undefined,
    everyRoute: () => [],
  };
}

function node(name: string, extensions: Record<string, string> = {}): RouteNode {
  const routes = Object.entries(extensions).map(([extension, inner]) => [extension, route(inner)] as const);
  return { route: route(name), extensions: routes.length === 0 ? undefined : new Map(routes) };
}

const table = new RouteTable(
  node('server', { '.php': 'php' }),
  new Map([['/exact', node('exact')]]),
  new Map([
    ['/img', node('img', { '.png': 'png', '.tar.gz': 'tarball' })],
    ['/img/large', node('large')],
    ['/exact', node('prefix')],
  ]),
);

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
  ])('%s is answered by %s', (path, expected) => {
    expect(table.find(path).name).toBe(expected);
  });

  it('an extension is looked for inside the location the path belongs to, and only there', () => {
    expect(table.find('/img/a.png').name).toBe('png');
    expect(table.find('/img/a.b.tar.gz').name).toBe('tarball');
    expect(table.find('/img/large/a.png').name).toBe('large');
    expect(table.find('/a.php').name).toBe('php');
    expect(table.find('/img/a.php').name).toBe('img');
    expect(table.find('/a.php/b').name).toBe('server');
  });

  it('a path of thousands of segments costs no more look-ups than the deepest location has', () => {
    expect(table.find('/a'.repeat(4000)).name).toBe('server');
    expect(table.find(`/img/large${'/a'.repeat(4000)}`).name).toBe('large');
  });
});

describe('a host finds its server', () => {
  const endpoint = new Endpoint(
    'first',
    new Map([
      ['example.org', 'exact'],
      ['*.example.org', 'wildcard'],
      ['*.a.example.org', 'longer wildcard'],
      ['constructor', 'odd'],
    ]),
  );

  it.each([
    ['example.org', 'exact'],
    ['www.example.org', 'wildcard'],
    ['x.y.example.org', 'wildcard'],
    ['www.a.example.org', 'longer wildcard'],
    ['example.com', 'first'],
    ['', 'first'],
    ['__proto__', 'first'],
    ['constructor', 'odd'],
    ['notexample.org', 'first'],
  ])('%s is answered by %s', (host, expected) => {
    expect(endpoint.find(host)).toBe(expected);
  });
});
