/**
 * A configuration in the terms that nginx and webserv share. Each server's configuration file is rendered from it, so a
 * request must get the same response from both.
 */

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'PATCH';

export interface ErrorPage {
  readonly code: number;
  readonly uri: string;
  /** From `=CODE`; undefined keeps the error's status. */
  readonly status: number | undefined;
}

/** Rules of a server or location. An undefined rule is inherited. */
export interface Rules {
  readonly index?: readonly string[];
  readonly tryFiles?: readonly string[];
  readonly errorPages?: readonly ErrorPage[];
  /** `return`: a text, or a path to redirect to. */
  readonly answer?: { readonly status: number; readonly text: string | undefined };
  readonly password?: boolean;
  readonly methods?: readonly Method[];
  readonly listing?: boolean;
  /** Precompressed files: `gzip_static`, `compress_static`. */
  readonly siblings?: boolean;
  /** Whether PUT and DELETE are allowed. */
  readonly store?: boolean;
  /** Bytes. */
  readonly maxBody?: number;
  /** Whether `.sh` files run as scripts. Not used for the comparison with nginx, which has no CGI. */
  readonly scripts?: boolean;
}

export type LocationKind = 'prefix' | 'final-prefix' | 'exact' | 'extension';

export interface Location {
  readonly kind: LocationKind;
  /** A path without a trailing slash, or an extension such as `.php`. */
  readonly path: string;
  /** Directory to which the whole URL path is appended, as with nginx's `root`; undefined inherits. */
  readonly root: string | undefined;
  readonly rules: Rules;
  readonly locations: readonly Location[];
}

export interface Server {
  readonly names: readonly string[];
  readonly root: string;
  readonly rules: Rules;
  readonly locations: readonly Location[];
}

export type TreeEntry =
  | { readonly kind: 'file'; readonly content: string; readonly mode: number }
  | { readonly kind: 'directory'; readonly mode: number }
  | { readonly kind: 'link'; readonly to: string };

/** Entries by relative path. */
export type Tree = ReadonlyMap<string, TreeEntry>;

/** Servers on one address, with the files they serve. */
export interface World {
  readonly number: number;
  /** The first is the default server. */
  readonly servers: readonly [Server, ...Server[]];
  readonly tree: Tree;
}

export interface Request {
  readonly method: Method;
  /** As sent. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** undefined: no Host field. */
  readonly host: string | undefined;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string | undefined;
}

/** Iterates over locations, nested ones included. */
export function* allLocations(locations: readonly Location[]): IterableIterator<Location> {
  for (const location of locations) {
    yield location;
    yield* allLocations(location.locations);
  }
}

export function withoutErrorPages(world: World): World {
  const [first, ...more] = world.servers;
  return { ...world, servers: [plain(first), ...more.map(plain)] };
}

function plain<Block extends { readonly rules: Rules; readonly locations: readonly Location[] }>(
  block: Block,
): Block {
  const { errorPages: _, ...rules } = block.rules;
  return { ...block, rules, locations: block.locations.map(plain) };
}

/** Whether files can be stored anywhere in a world. */
export function hasStore({ servers }: World): boolean {
  return servers.some(({ locations }) => [...allLocations(locations)].some(({ rules }) => rules.store));
}
