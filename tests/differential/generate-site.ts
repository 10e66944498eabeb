import type { Random } from '../fuzz/random.js';
import { generateTree } from './generate-tree.js';
import type { ErrorPage, Location, LocationKind, Method, Rules, Server, Tree, World } from './model.js';

const PREFIXES = [
  '/',
  '/a',
  '/a/b',
  '/img',
  '/img/deep',
  '/shop',
  '/three.js',
  '/nowhere',
  '/p q',
  '/ü',
] as const;
const EXACT = ['/', '/x.txt', '/x.php', '/a', '/a/', '/a/page.html', '/nowhere', '/img/x.php'] as const;
const EXTENSIONS = ['.php', '.txt', '.html', '.js'] as const;
const TRY_FILES = [
  ['$uri', '=404'],
  ['$uri', '$uri/', '=404'],
  ['$uri', '$uri/', '/index.html'],
  ['$uri', '/x.php?$args'],
  ['$uri', '/placeholder.txt', '=403'],
  ['/page.html', '=404'],
  ['$uri/index.html', '$uri.html', '$uri', '=404'],
  ['$uri/', '$uri', '/a/page.html'],
] as const;
const READING: readonly Method[] = ['GET', 'HEAD'];
const WRITING: readonly Method[] = ['GET', 'HEAD', 'PUT', 'DELETE'];

/** Generates the same world for the same number. */
export function generateWorld(random: Random, number: number): World {
  const names = [['one.test', 'www.one.test'], ['*.wild.test'], ['two.test']] as const;
  const tree = generateTree(random);
  const servers = names.slice(0, 1 + random.below(3)).map((each) => generateServer(random, each, tree));
  const [first, ...more] = servers;
  if (first === undefined) throw new Error('a world needs at least one server');
  return { number, servers: [first, ...more], tree };
}

function generateServer(random: Random, names: readonly string[], tree: Tree): Server {
  return {
    names,
    root: 'root',
    rules: generateRules(random, 'server', false),
    locations: [
      ...unambiguous(
        generateLocations(random, { path: '', root: 'root', depth: 0, stores: false }, tree),
        [],
      ),
      { kind: 'exact', path: '/moved', root: undefined, rules: { answer: ANSWERS[4] }, locations: [] },
    ],
  };
}

/**
 * Removes ambiguous locations: nginx searches only the longest matching location of the outer block, whereas webserv
 * takes the longest of all. So locations that another location of an enclosing block would match are removed.
 * @param outer paths of the locations in the enclosing blocks
 */
function unambiguous(locations: readonly Location[], outer: readonly string[]): readonly Location[] {
  const prefixes = locations.filter(({ kind }) => kind === 'prefix' || kind === 'final-prefix');
  return (
    locations
      .filter(({ kind, path }) => kind === 'extension' || !outer.some((other) => isUnder(path, other)))
      // An exact location may exist only once.
      .filter(({ kind }) => kind !== 'exact' || outer.length === 0)
      .map((location) => {
        const others = prefixes
          .map(({ path }) => path)
          .filter((path) => path !== location.path && path !== '/');
        return {
          ...location,
          locations: unambiguous(location.locations, [...outer, ...others, location.path]),
        };
      })
  );
}

const isUnder = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);

/** The block that locations are generated for. */
interface Around {
  /** Empty for a server and for `/`. */
  readonly path: string;
  readonly root: string;
  readonly depth: number;
  /** Whether files are stored there and in the locations inside. */
  readonly stores: boolean;
}

function generateLocations(random: Random, around: Around, tree: Tree): readonly Location[] {
  const locations = new Map<string, Location>();
  for (let count = random.below(around.depth === 0 ? 6 : 3); count > 0; count -= 1) {
    const location = generateLocation(random, around, tree);
    if (location === undefined) continue;
    const { kind, path } = location;
    locations.set(`${kind === 'exact' ? '=' : ''} ${path}`, location);
  }
  return [...locations.values()];
}

function generateLocation(random: Random, around: Around, tree: Tree): Location | undefined {
  const kind = random.pick<LocationKind>([
    'prefix',
    'prefix',
    'prefix',
    'final-prefix',
    'exact',
    'extension',
  ]);
  if (kind === 'extension') {
    const rules = generateRules(random, kind, false);
    return { kind, path: random.pick(EXTENSIONS), root: undefined, rules, locations: [] };
  }
  const path = random.pick<string>(kind === 'exact' ? EXACT : PREFIXES);
  // nginx requires a nested location to be below the enclosing one.
  if (around.path !== '' && !path.startsWith(`${around.path}/`)) return undefined;
  const below = path === '/' ? '' : path;
  // webserv requires an existing directory for uploads.
  const isDirectory = (root: string): boolean => tree.get(root + below)?.kind === 'directory';
  const mayMove = kind !== 'exact' && (!around.stores || isDirectory('other'));
  const own = mayMove && random.chance(0.2) ? 'other' : undefined;
  const root = own ?? around.root;
  const rules = generateRules(random, kind, kind !== 'exact' && isDirectory(root));
  const stores = around.stores || rules.store === true;
  const inner = { path: below, root, depth: around.depth + 1, stores };
  return {
    kind,
    path,
    root: own,
    rules,
    locations: kind === 'exact' || inner.depth > 2 ? [] : generateLocations(random, inner, tree),
  };
}

function generateRules(random: Random, kind: LocationKind | 'server', mayStore: boolean): Rules {
  const isServer = kind === 'server';
  const store = mayStore && random.chance(0.2);
  return {
    ...(random.chance(0.3)
      ? {
          index: random.pick([
            ['index.html'],
            ['index.htm', 'index.html'],
            ['x.php'],
            ['page.html', 'index.html'],
          ]),
        }
      : {}),
    ...(!isServer && !store && random.chance(0.3)
      ? { tryFiles: random.pick<readonly string[]>(TRY_FILES) }
      : {}),
    ...(random.chance(isServer ? 0.5 : 0.15) ? { errorPages: generateErrorPages(random) } : {}),
    ...(!isServer && !store && random.chance(0.12) ? { answer: random.pick<Answer>(ANSWERS) } : {}),
    ...(random.chance(isServer ? 0.05 : 0.2) ? { password: random.chance(0.8) } : {}),
    ...(!isServer && random.chance(0.2) ? { methods: store ? WRITING : READING } : {}),
    ...(random.chance(0.3) ? { listing: random.chance(0.7) } : {}),
    ...(random.chance(store ? 0.6 : 0.3) ? { siblings: random.chance(0.8) } : {}),
    ...(store ? { store } : {}),
    ...(random.chance(0.2) ? { maxBody: random.pick([10, 1000]) } : {}),
  };
}

type Answer = NonNullable<Rules['answer']>;

const ANSWERS = [
  { status: 200, text: 'as returned' },
  { status: 403, text: undefined },
  { status: 404, text: undefined },
  { status: 301, text: '/page.html' },
  { status: 302, text: '/a/?q=1' },
  { status: 410, text: 'gone for good' },
] as const satisfies readonly Answer[];

function generateErrorPages(random: Random): readonly ErrorPage[] {
  const pages = new Map<number, ErrorPage>();
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const code = random.pick([401, 403, 404, 404, 405, 413]);
    const uri = random.pick([
      '/404.html',
      '/denied.html',
      '/a/page.html',
      '/nowhere.html',
      '/x.php',
      '/img/',
      '/moved',
    ]);
    pages.set(code, { code, uri, status: random.chance(0.2) ? random.pick([200, 404, 503]) : undefined });
  }
  return [...pages.values()];
}
