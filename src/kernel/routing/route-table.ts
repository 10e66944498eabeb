import type { DecodedPath } from '../path/url-path.js';
import type { InnerRoutes } from './inner-routes.js';
import type { Route } from './route.js';
import type { RouteNode } from './route-node.js';
import { type Found, ScriptSearch } from './script-search.js';
import { lastSegmentOf, lenientExtension, mayBeLenient } from './scripts.js';

/** The route, script and guard for a request. */
export interface Match extends Found {
  /** Why the search failed: reported together with the response of `route`. */
  readonly error?: unknown;
}

/**
 * The routes of one server. Finding a route takes one lookup per path segment, independent of the number of locations:
 * exact locations first, then the longest prefix of whole segments, then an extension location inside it.
 */
export class RouteTable {
  readonly #exact: ReadonlyMap<string, RouteNode>;
  readonly #prefixes: ReadonlyMap<string, RouteNode>;
  readonly #root: RouteNode;
  readonly #inner: InnerRoutes;
  readonly #scripts: ScriptSearch | undefined;
  /** Number of segments of the longest prefix: deeper segments of a path need no lookup. */
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
   * Finds the route for a path without waiting.
   * @returns undefined if the disk has to be searched for a script, or a route has to be built: call `seek` then
   */
  find(path: DecodedPath): Route | undefined {
    const node = this.nodeOf(path);
    if (this.#scripts?.mayBeBehind(path, node.route)) return undefined;
    return this.#routeOf(node, path);
  }

  /** Like `find`, but waits, and also finds the script that the path names. */
  async seek(path: DecodedPath): Promise<Match> {
    try {
      return (await this.#scripts?.find(path)) ?? { route: await this.routeOf(path) };
    } catch (error) {
      return { route: this.nodeOf(path).route, error };
    }
  }

  /** The route of the location that contains the path. Does not look at the disk. */
  async routeOf(path: string): Promise<Route> {
    const node = this.nodeOf(path);
    const location = this.locationIn(node, path);
    if (location === undefined) return node.route;
    return this.#inner.make(node.route, location);
  }

  /** Like `routeOf`; undefined if the route is not built yet. */
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
   * The extension location for a path in a node. The longest extension wins: `/a/b.tar.gz` is tried as `.tar.gz`, then
   * as `.gz`. Of several blocks that have it, the innermost wins.
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

  /** All routes of this server, for `OPTIONS *` and the like. */
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

/** An extension location that runs scripts also matches names that a lenient file system would resolve to a script. */
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
