import type { DecodedPath } from '../path/url-path.js';
import type { InnerRoutes } from './inner-routes.js';
import type { Route } from './route.js';
import type { RouteNode } from './route-node.js';
import { type Found, ScriptSearch } from './script-search.js';
import { lastSegmentOf, lenientExtension, mayBeLenient } from './scripts.js';

/** What answers a request. */
export interface Match extends Found {
  /** Where it could not be found: reported with the answer of `route`. */
  readonly error?: unknown;
}

/**
 * The routes of one server. Finding one takes a look-up a path segment, whatever the number of locations: exact ones
 * first, then the longest prefix by whole segments, then an extension location that acts inside it.
 */
export class RouteTable {
  readonly #exact: ReadonlyMap<string, RouteNode>;
  readonly #prefixes: ReadonlyMap<string, RouteNode>;
  readonly #root: RouteNode;
  readonly #inner: InnerRoutes;
  readonly #scripts: ScriptSearch | undefined;
  /** Segments of the longest prefix: deeper paths need no deeper look. */
  readonly #depth: number;

  constructor(
    root: RouteNode,
    exact: ReadonlyMap<string, RouteNode>,
    prefixes: ReadonlyMap<string, RouteNode>,
    inner: InnerRoutes,
  ) {
    this.#root = root;
    this.#exact = exact;
    this.#prefixes = prefixes;
    this.#inner = inner;
    let depth = 0;
    for (const prefix of prefixes.keys())
      depth = Math.max(depth, prefix === '/' ? 0 : prefix.split('/').length - 1);
    this.#depth = depth;
    const nodes = [root, ...exact.values(), ...prefixes.values()];
    this.#scripts = ScriptSearch.of(nodes, exact, this);
  }

  /**
   * The route that answers a path, where nothing has to be waited for.
   * @returns undefined where a script has to be looked for on the disk, or a route to be built: `seek` does that
   */
  find(path: DecodedPath): Route | undefined {
    const node = this.nodeOf(path);
    if (this.#scripts?.mayBeBehind(path, node.route)) return undefined;
    return this.#routeOf(node, path);
  }

  /** The same, and the script that the path names. */
  async seek(path: DecodedPath): Promise<Match> {
    try {
      return (await this.#scripts?.find(path)) ?? { route: await this.routeOf(path) };
    } catch (error) {
      return { route: this.nodeOf(path).route, error };
    }
  }

  /** The route of the location that a path lies in, whatever is on the disk. */
  async routeOf(path: string): Promise<Route> {
    const node = this.nodeOf(path);
    const location = this.locationIn(node, path);
    if (location === undefined) return node.route;
    return this.#inner.make(node.route, location);
  }

  /** The same where it is built. */
  builtAt(path: string): Route | undefined {
    return this.#routeOf(this.nodeOf(path), path);
  }

  nodeOf(path: string): RouteNode {
    return this.#exact.get(path) ?? this.#longestPrefix(path);
  }

  isExact(path: string): boolean {
    return this.#exact.has(path);
  }

  /**
   * The extension location that takes a path in a node: of several extensions the longest, `/a/b.tar.gz` is tried as
   * `.tar.gz`, then `.gz`; of several blocks that have one the innermost.
   */
  locationIn(node: RouteNode, path: string): Route | undefined {
    if (node.extensions === undefined && node.around === undefined) return undefined;
    const name = path.lastIndexOf('/') + 1;
    for (let dot = path.indexOf('.', name); dot !== -1; dot = path.indexOf('.', dot + 1)) {
      const location = extensionIn(node, path.slice(dot));
      if (location !== undefined) return location;
    }
    return this.#scripts === undefined ? undefined : disguisedIn(node, path);
  }

  /** Routes of this server, for `OPTIONS *` and the like. */
  *routes(): IterableIterator<Route> {
    for (const node of [this.#root, ...this.#exact.values(), ...this.#prefixes.values()]) {
      yield node.route;
      if (node.extensions !== undefined) yield* node.extensions.values();
    }
  }

  #routeOf(node: RouteNode, path: string): Route | undefined {
    const location = this.locationIn(node, path);
    return location === undefined ? node.route : this.#inner.get(node.route, location);
  }

  #longestPrefix(path: string): RouteNode {
    let longest = this.#prefixes.get('/') ?? this.#root;
    let end = 0;
    for (let segment = 0; segment < this.#depth; segment += 1) {
      if (end >= path.length - 1 && segment > 0) break;
      const slash = path.indexOf('/', end + 1);
      end = slash === -1 ? path.length : slash;
      const node = this.#prefixes.get(path.slice(0, end));
      if (node !== undefined) longest = node;
      if (slash === -1) break;
    }
    return longest;
  }
}

function extensionIn(node: RouteNode, extension: string): Route | undefined {
  for (let block: RouteNode | undefined = node; block !== undefined; block = block.around) {
    const location = block.extensions?.get(extension);
    if (location !== undefined) return location;
  }
  return undefined;
}

/** Where an extension location runs scripts, it also takes the names that a lenient file system takes for theirs. */
function disguisedIn(node: RouteNode, path: string): Route | undefined {
  const extension = mayBeLenient(path) ? lenientExtension(lastSegmentOf(path)) : undefined;
  if (extension === undefined) return undefined;
  for (let block: RouteNode | undefined = node; block !== undefined; block = block.around) {
    for (const [own, location] of block.extensions ?? []) {
      if (own.toLowerCase() === extension && location.scripts?.runs(`x${own}`)) return location;
    }
  }
  return undefined;
}
