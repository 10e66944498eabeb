import type { Route } from './route.js';

/** A route with the extension locations inside it. */
export interface RouteNode {
  readonly route: Route;
  /** `.php` → the route for it; undefined when there is none. */
  readonly extensions: ReadonlyMap<string, Route> | undefined;
}

/**
 * The routes of one server. Finding one takes a look-up a path segment, whatever the number of locations: exact ones
 * first, then the longest prefix by whole segments, then an extension inside it.
 */
export class RouteTable {
  readonly #exact: ReadonlyMap<string, RouteNode>;
  readonly #prefixes: ReadonlyMap<string, RouteNode>;
  readonly #root: RouteNode;
  /** Segments of the longest prefix: deeper paths need no deeper look. */
  readonly #depth: number;

  constructor(
    root: RouteNode,
    exact: ReadonlyMap<string, RouteNode>,
    prefixes: ReadonlyMap<string, RouteNode>,
  ) {
    this.#root = root;
    this.#exact = exact;
    this.#prefixes = prefixes;
    let depth = 0;
    for (const prefix of prefixes.keys())
      depth = Math.max(depth, prefix === '/' ? 0 : prefix.split('/').length - 1);
    this.#depth = depth;
  }

  find(path: string): Route {
    const node = this.#exact.get(path) ?? this.#longestPrefix(path);
    if (node.extensions === undefined) return node.route;
    return extensionRoute(node.extensions, path) ?? node.route;
  }

  /** Routes of this server, for `OPTIONS *` and the like. */
  *routes(): IterableIterator<Route> {
    for (const node of [this.#root, ...this.#exact.values(), ...this.#prefixes.values()]) {
      yield node.route;
      if (node.extensions !== undefined) yield* node.extensions.values();
    }
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

/** `/a/b.tar.gz` is tried as `.tar.gz`, then `.gz`. */
function extensionRoute(extensions: ReadonlyMap<string, Route>, path: string): Route | undefined {
  const name = path.lastIndexOf('/') + 1;
  for (let dot = path.indexOf('.', name); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    const route = extensions.get(path.slice(dot));
    if (route !== undefined) return route;
  }
  return undefined;
}

/** The servers that answer at one address (RFC 9110 §7.4). */
export class Endpoint<Server> {
  /** Answers for names nobody claims, and is asked for limits before a name is known. */
  readonly fallback: Server;
  readonly #exact: ReadonlyMap<string, Server>;
  /** `.example.org` for `*.example.org`. */
  readonly #suffixes: ReadonlyMap<string, Server>;

  constructor(fallback: Server, names: ReadonlyMap<string, Server>) {
    this.fallback = fallback;
    this.#exact = new Map([...names].filter(([name]) => !name.startsWith('*.')));
    this.#suffixes = new Map(
      [...names].filter(([name]) => name.startsWith('*.')).map(([name, server]) => [name.slice(1), server]),
    );
  }

  /** @param host lower case, without port. Exact names win over the longest `*.` name. */
  find(host: string): Server {
    const exact = this.#exact.get(host);
    if (exact !== undefined || this.#suffixes.size === 0) return exact ?? this.fallback;
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const server = this.#suffixes.get(host.slice(dot));
      if (server !== undefined) return server;
    }
    return this.fallback;
  }
}
