import type { Random } from '../fuzz/random.js';
import { allLocations, type Method, type Request, type World } from './model.js';

export const USER = 'Basic dXNlcjpzZWNyZXQ='; // user:secret
const WRONG_USER = 'Basic dXNlcjp3cm9uZw==';

/** Most requests name existing files, so that they pass the first checks; then they are changed in some way. */
export function generateRequest(random: Random, world: World): Request {
  const stores = storesOf(world);
  const stored =
    stores.length > 0 && random.chance(0.2) ? (stores[random.below(stores.length)] ?? '') : undefined;
  const method = stored === undefined ? generateMethod(random) : random.pick(WRITING);
  const version = random.chance(0.05) ? '1.0' : '1.1';
  const hasBody = method === 'PUT' || (method === 'POST' && random.chance(0.8));
  const body = hasBody ? random.text(random.pick([0, 5, 10, 11, 500, 1001])) : undefined;
  return {
    method,
    target:
      stored === undefined ? generateTarget(random, world) : encode(random, stored + random.pick(STORED)),
    version,
    host: generateHost(random, world, version),
    fields: [
      ...generateFields(random),
      ...(body === undefined ? [] : [['Content-Length', String(body.length)] as const]),
    ],
    body,
  };
}

const WRITING = ['PUT', 'PUT', 'DELETE', 'DELETE', 'POST'] as const satisfies readonly Method[];
const STORED = [
  '/x.txt',
  '/page.html',
  '/page.html.gz',
  '/x.txt.gz',
  '/new.txt',
  '/',
  '/b/',
  '/in-link',
  '/b/new',
] as const;

/** URL paths where files are stored. */
function storesOf({ servers }: World): readonly string[] {
  return servers.flatMap(({ locations }) =>
    [...allLocations(locations)]
      .filter(({ rules }) => rules.store)
      .map(({ path }) => (path === '/' ? '' : path)),
  );
}

function generateMethod(random: Random): Method {
  if (random.chance(0.75)) return 'GET';
  return random.pick(['HEAD', 'HEAD', 'POST', 'PUT', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
}

function generateHost(random: Random, world: World, version: string): string | undefined {
  if (version === '1.0' && random.chance(0.5)) return undefined;
  const name = random.pick([
    'one.test',
    'www.one.test',
    'x.wild.test',
    'two.test',
    'unknown.test',
    'wild.test',
  ]);
  const server = random.pick(world.servers).names[0]?.replace('*', 'some') ?? name;
  const host = random.chance(0.7) ? server : name;
  return random.pick([host, host, host, host, `${host}.`, `${host}:80`, host.toUpperCase(), `${host}:8080`]);
}

/** Returns the URL of a file, directory or location, possibly altered. */
function generateTarget(random: Random, world: World): string {
  const paths = [...world.tree.keys()]
    .filter((path) => path.startsWith('root') || path.startsWith('other'))
    .map((path) => path.slice(path.indexOf('/')).replace(/^(?:root|other)$/, '/'));
  const locations = world.servers
    .flatMap((server) => [...allLocations(server.locations)])
    .map(({ kind, path }) => (kind === 'extension' ? `/x${path}` : path));
  const from = random.chance(0.8) ? paths : locations;
  const path = from[random.below(from.length)] ?? '/';
  const isDirectory = world.tree.get(`root${path}`)?.kind === 'directory';
  let target = encode(random, isDirectory && random.chance(0.7) && path !== '/' ? `${path}/` : path);
  for (let count = random.chance(0.4) ? 1 + random.below(2) : 0; count > 0; count -= 1)
    target = mutate(random, target);
  if (random.chance(0.15))
    target += random.pick(['?', '?a=1', '?a=%0d%0a', '?x=/../y', '?%00', '?q=a\\b', '?"<>|']);
  return target;
}

/** Percent-encodes characters that need it, and sometimes others. */
export function encode(random: Random, path: string): string {
  const all = random.chance(0.05);
  return [...Buffer.from(path, 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      if (char === '/') return char;
      const plain = /[A-Za-z0-9\-._~!$&'()*+,;=:@]/.test(char);
      const escaped = `%${byte.toString(16).padStart(2, '0')}`;
      if (plain) return all && random.chance(0.3) ? escaped : char;
      return random.chance(0.5) ? escaped.toUpperCase() : escaped;
    })
    .join('');
}

/** Makes a random change to a target. */
export function mutate(random: Random, target: string): string {
  // The host of an absolute target is not changed.
  if (!target.startsWith('/')) return target;
  const at = random.below(target.length + 1);
  const slashes = [...target.matchAll(/\//g)].map(({ index }) => index);
  const slash = slashes[random.below(slashes.length)] ?? 0;
  const insertAt = (index: number, text: string): string =>
    target.slice(0, index) + text + target.slice(index);
  switch (random.below(12)) {
    case 0:
      return `${target}/`;
    case 1:
      return `${target}/x`;
    case 2:
      return insertAt(slash, '/');
    case 3:
      return insertAt(slash, '/.');
    case 4:
      return insertAt(slash, random.pick(['/..', '/%2e%2e', '/x/..', '/a/b/../..']));
    case 5:
      return insertAt(
        at,
        random.pick(['%2F', '%5C', '%00', '%0a', '%20', '%ff', '%', '%zz', '%2e', '%2f..%2f']),
      );
    case 6:
      return target.slice(0, Math.max(1, at));
    case 7:
      return `${target}${random.pick(['.', '%20', '.gz', '.php', '~', '::$DATA', ';x'])}`;
    case 8:
      return target.toUpperCase();
    case 9:
      return insertAt(at, random.pick(['\\', '"', '<', '|', '^', '`', '{', '\u00e9']));
    case 10:
      return `${target}/index.html`;
    default:
      return `http://${random.pick(['one.test', 'two.test', 'x.wild.test'])}${target}`;
  }
}

/** Generates fields, except those of a body. */
export function generateFields(random: Random): Request['fields'] {
  const fields: (readonly [string, string])[] = [];
  const add = (part: number, name: string, value: string): void => {
    if (random.chance(part)) fields.push([name, value]);
  };
  add(0.4, 'Authorization', random.pick([USER, USER, USER, WRONG_USER, 'Basic !!', 'Bearer x']));
  add(0.3, 'Accept-Encoding', random.pick(['gzip', 'gzip, br', 'identity', 'gzip;q=0', '*', 'deflate']));
  add(
    0.1,
    'Range',
    random.pick([
      'bytes=0-',
      'bytes=0-4',
      'bytes=-3',
      'bytes=5-2',
      'bytes=1-1,3-4',
      'bytes=9999-',
      'bytes=-0',
      'lines=1-2',
      'bytes=0-0,-1',
    ]),
  );
  add(
    0.1,
    'If-Modified-Since',
    random.pick([LAST_MODIFIED, 'Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT', 'rubbish']),
  );
  add(0.05, 'If-Unmodified-Since', random.pick([LAST_MODIFIED, 'Thu, 01 Jan 1970 00:00:00 GMT']));
  add(0.05, 'If-None-Match', random.pick(['*', '"other"', 'W/"other"']));
  add(0.05, 'If-Match', random.pick(['*', '"other"']));
  add(0.05, 'If-Range', random.pick([LAST_MODIFIED, '"other"']));
  return fields;
}

/** Modification time of every generated file. */
export const LAST_MODIFIED = 'Mon, 02 Jan 2023 03:04:05 GMT';
