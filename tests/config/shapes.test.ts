import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { publicEntries } from '../../src/builtin.js';
import { loadConfig } from '../../src/kernel/config/files/load.js';
import { codesOf, load } from './fixture.js';

const entries = publicEntries();

const json = (value: unknown) => codesOf(JSON.stringify(value), { file: 'test.json' });
const server = { listen: 80 };

describe('a value of the wrong shape never vanishes', () => {
  it.each([
    ['a location that is a list', { server: { ...server, location: { '/b': [] } } }, ['missing-block']],
    ['a location that is a text', { server: { ...server, location: { '/b': 'x' } } }, ['missing-block']],
    [
      'a location that is a list of texts',
      { server: { ...server, location: { '/b': ['x'] } } },
      ['missing-block'],
    ],
    ['an object for one argument', { server, pid: {} }, ['argument-count']],
    ['a list for one argument', { server, pid: [] }, ['argument-count']],
    ['nothing for one argument', { server, pid: null }, ['argument-count']],
    ['an empty object of a server', { server: { ...server, autoindex: {} } }, ['argument-count']],
    ['an empty list of a repeatable', { server: { ...server, error_page: [] } }, ['argument-count']],
    ['an empty object of a repeatable', { server: { ...server, error_page: {} } }, ['argument-count']],
    ['an empty list in a list', { server: { ...server, error_page: [[]] } }, ['argument-count']],
    ['no server', { server: [] }, ['no-server']],
    ['an empty name', { server: { ...server, '': 1 } }, ['unknown-directive']],
    ['a server that is a text', { server: 'x' }, ['argument-count']],
    ['a listen that is an object', { server: { listen: {} } }, ['argument-count']],
    ['types that are a list', { server, types: ['text/x'] }, ['argument-count']],
  ])('%s', async (_what, value, codes) => {
    expect(await json(value)).toEqual(expect.arrayContaining(codes));
  });

  it('no locations are none', async () => {
    expect(await json({ server: { ...server, location: {} } })).toEqual([]);
    expect(await json({ server: { ...server, location: [] } })).toEqual([]);
    expect(await json({ server, types: {} })).toEqual([]);
  });
});

describe('merge keys of YAML', () => {
  const yaml = async (text: string) => {
    const { config, diagnostics } = await load(text, { file: 'test.yaml' });
    expect(diagnostics.filter(({ code }) => code !== 'missing-root')).toEqual([]);
    return config?.servers ?? [];
  };

  it('add what an anchor has, and what stands there wins, wherever it stands', async () => {
    const servers = await yaml(`
server:
  - &base
    listen: 80
    server_name: a
    root: base
    location: { /x: {} }
  - <<: *base
    server_name: b
  - server_name: c
    <<: *base
    root: own
`);
    expect(
      servers.map(({ names, route }) => [
        names[0],
        route.root?.directory.split('/').at(-1),
        route.children.length,
      ]),
    ).toEqual([
      ['a', 'base', 1],
      ['b', 'base', 1],
      ['c', 'own', 1],
    ]);
  });

  it('add several, of which the first that has a name wins; also in locations, and of one that merges itself', async () => {
    const [first] = await yaml(
      `
server:
  listen: 80
  location:
    /one: &one { root: one }
    /two: &two { <<: *one, root: two, etag: false }
    /three: { <<: [*one, *two] }
    /four: { <<: *two }
`.replaceAll('etag: false', 'autoindex: true'),
    );
    expect(first?.route.children.map(({ root }) => root?.directory.split('/').at(-1))).toEqual([
      'one',
      'two',
      'one',
      'two',
    ]);
    expect(first?.route.children.map(({ uses }) => uses.has('autoindex'))).toEqual([false, true, true, true]);
  });

  it.each([
    ['what is no object', 'server:\n  listen: 80\n  <<: 5\n', 'unexpected-value'],
    ['an anchor that is not there', 'server:\n  listen: 80\n  <<: *none\n', 'syntax'],
  ])('of %s is an error', async (_what, text, code) => {
    expect(await codesOf(text, { file: 'test.yaml' })).toContain(code);
  });

  it('quoted, as in JSON, it is a name like any other', async () => {
    expect(await json({ server: { ...server, '<<': {} } })).toEqual(['unknown-directive']);
  });
});

it('a backslash keeps the reference to a variable of the environment, as in the language', async () => {
  const text = `{"server":{"listen":80,"label":["a","\\\\\${HOME} \${N} \\\\\${remote_addr}"]}}`;
  const { config, diagnostics } = await load(text, { file: 'test.json', environment: { N: '8' } });
  expect(diagnostics).toEqual([]);
  const labels = config?.servers[0]?.route.options.get('sample')?.label;
  expect([...(labels instanceof Map ? labels : [])]).toEqual([['a', `\${HOME} 8 \\\${remote_addr}`]]);
});

describe('a program exports', () => {
  async function loaded(text: string) {
    const folder = await mkdtemp(join(tmpdir(), 'webserv-shapes-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'a.ts'), text);
    return loadConfig(join(folder, 'a.ts'), { builtins: [], entries });
  }

  it.each([
    ['a promise', 'export default Promise.resolve({ server: { listen: 80 } });'],
    ['what an async function made', 'export default (async () => ({ server: { listen: 80 } }))();'],
    [
      'an object without a prototype',
      'export default Object.assign(Object.create(null), { server: { listen: 80 } });',
    ],
    ['what it leaves undefined', 'export default { server: { listen: 80, root: undefined } };'],
  ])('%s', async (_what, text) => {
    const { config, diagnostics } = await loaded(text);
    expect([config?.servers.length, diagnostics]).toEqual([1, []]);
  });

  it.each([
    ['Infinity', '{ server: { listen: 80 }, workers: Infinity }', '"workers" is the number Infinity'],
    ['NaN', '{ server: { listen: 80 }, workers: NaN }', '"workers" is the number NaN'],
    ['a function', '() => ({})', 'exports a function'],
    ['an async function', 'async () => ({})', 'exports a function'],
    ['a function inside', '{ server: { listen: 80, root: () => "x" } }', '"server.root" is a function'],
    ['a symbol', '{ server: { listen: Symbol.iterator } }', '"server.listen" is a symbol'],
    ['a bigint', '{ server: { listen: 80n } }', '"server.listen" is a bigint'],
    ['a promise inside', '{ server: Promise.resolve({}) }', '"server" is a promise: await it'],
    ['a Map', '{ server: { listen: 80, location: new Map([["/", {}]]) } }', '"server.location" is a Map'],
    ['a Set in a list', '{ server: [{ listen: new Set([80]) }] }', '"server.0.listen" is a Set'],
    ['a regular expression', '{ server: { listen: 80, root: /x/ } }', '"server.root" is a RegExp'],
    ['a circle', '(() => { const a: any = {}; a.a = a; return a; })()', 'circular'],
    ['a list', '[{ server: { listen: 80 } }]', 'exports no configuration'],
    ['nothing', 'undefined', 'no server is defined'],
    ['a promise that fails', 'Promise.reject(new Error("no database"))', 'no database'],
  ])('not %s', async (_what, text, message) => {
    const { config, diagnostics } = await loaded(`export default ${text};`);
    expect(config).toBeUndefined();
    expect(diagnostics.map(({ message: said }) => said)).toEqual([expect.stringContaining(message)]);
  });
});
