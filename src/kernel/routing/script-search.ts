import type { Script } from '../contract/script.js';
import { HotCache } from '../files/hot-cache.js';
import { isDirectory } from '../files/open-file.js';
import type { DecodedPath } from '../path/url-path.js';
import type { Route } from './route.js';
import type { RouteNode } from './route-node.js';
import { extensionOf, lastSegmentOf, scriptAt } from './scripts.js';

/** The route for a path. */
export interface Found {
  readonly route: Route;
  /** Another location whose rules apply too: that of the whole path, or that of the script. */
  readonly guard?: Route | undefined;
  readonly script?: Script | undefined;
}

/** The part of the route table that a search needs. */
interface Table {
  nodeOf(path: string): RouteNode;
  isExact(path: string): boolean;
  locationIn(node: RouteNode, path: string): Route | undefined;
  routeOf(path: string): Promise<Route>;
}

/** The result for a frequently requested path is cached for one second. */
const RECENT = { validMs: 1000, threshold: 3, maxKeys: 1000 };

/**
 * Finds the script that a path such as `/a.php/b/c` names. The script is the first segment that its own location runs
 * as a script and that is not a directory. If that location is an extension location or exact, it handles the whole
 * path. Otherwise the location of the whole path does, provided that it runs scripts of that name. The rules of both
 * apply.
 */
export class ScriptSearch {
  readonly #table: Table;
  readonly #extensions: ReadonlySet<string>;
  /** Exact locations that run scripts without an extension. */
  readonly #exact: ReadonlySet<string>;
  readonly #longestExact: number;
  readonly #recent = new HotCache<Found>(RECENT);

  private constructor(table: Table, extensions: ReadonlySet<string>, exact: ReadonlySet<string>) {
    this.#table = table;
    this.#extensions = extensions;
    this.#exact = exact;
    this.#longestExact = Math.max(0, ...[...exact].map(({ length }) => length));
  }

  /** @returns undefined if no route runs scripts: then no request pays for the search */
  static of(
    nodes: readonly RouteNode[],
    exact: ReadonlyMap<string, RouteNode>,
    table: Table,
  ): ScriptSearch | undefined {
    const extensions = new Set<string>();
    let runsAny = false;
    const add = ({ scripts }: Route, own?: string): void => {
      for (const extension of scripts?.extensions ?? []) extensions.add(extension);
      if (scripts?.every && own !== undefined) extensions.add(own);
      runsAny ||= scripts !== undefined;
    };
    for (const { route, extensions: locations } of nodes) {
      add(route);
      for (const [extension, location] of locations ?? []) add(location, extension);
    }
    const everyExact = [...exact].filter(([, { route }]) => route.scripts?.every).map(([path]) => path);
    return runsAny ? new ScriptSearch(table, extensions, new Set(everyExact)) : undefined;
  }

  /** Whether the path may continue after a script's name. Called for every request, so it does not use the disk. */
  mayBeBehind(path: string, route: Route): boolean {
    const last = path.lastIndexOf('/');
    if (last === 0) return false;
    if (route.scripts?.every === true) return true;
    for (let dot = path.indexOf('.'); dot !== -1 && dot < last; ) {
      const end = path.indexOf('/', dot);
      if (this.#extensions.has(path.slice(path.lastIndexOf('.', end - 1), end))) return true;
      dot = path.indexOf('.', end);
    }
    return this.#exact.size > 0 && this.#isBehindExact(path);
  }

  async find(path: DecodedPath): Promise<Found> {
    const cached = this.#recent.get(path);
    if (cached !== undefined) return cached;
    const madeAt = performance.now();
    const found = await this.#search(path);
    this.#recent.set(path, found, madeAt);
    return found;
  }

  async #search(path: DecodedPath): Promise<Found> {
    const whole = await this.#table.routeOf(path);
    for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      if (!this.#mayName(path.slice(0, slash), whole)) continue;
      const candidate = await this.#candidate(path, slash, whole);
      if (candidate?.script !== undefined && !(await isDirectory(candidate.script.file))) return candidate;
    }
    return { route: whole, script: scriptAt(whole, path, path.length) };
  }

  /** Cheap test to avoid a search per segment: a path may have thousands of segments. */
  #mayName(name: string, whole: Route): boolean {
    if (whole.scripts?.every === true || this.#extensions.has(extensionOf(lastSegmentOf(name)))) return true;
    return name.length <= this.#longestExact && this.#exact.has(name);
  }

  /** The route for the path if the segment that ends at `end` is a script; undefined if it would not run. */
  async #candidate(path: DecodedPath, end: number, whole: Route): Promise<Found | undefined> {
    const name = path.slice(0, end);
    const segment = lastSegmentOf(name);
    const node = this.#table.nodeOf(name);
    const location = this.#table.locationIn(node, name);
    if (!mayRun(segment, node.route, location)) return undefined;
    const own = await this.#table.routeOf(name);
    const script = scriptAt(own, path, end);
    if (script === undefined) return undefined;
    const wholeNode = this.#table.nodeOf(path);
    const takesAll = location !== undefined || this.#table.isExact(name);
    if (takesAll && wholeNode.isolation <= end && !this.#table.isExact(path)) {
      // An extension location inside the location of the whole path: its inner route covers both.
      const isOne = location !== undefined && whole === node.route;
      return isOne ? { route: own, script } : found(own, whole, script);
    }
    const inWhole = scriptAt(whole, path, end);
    return inWhole && found(whole, own, inWhole);
  }

  #isBehindExact(path: string): boolean {
    for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      if (slash > this.#longestExact) return false;
      if (this.#exact.has(path.slice(0, slash))) return true;
    }
    return false;
  }
}

/**
 * Avoids building a route that would not run the script: an inner route only runs what one of its two locations runs.
 */
function mayRun(segment: string, around: Route, location: Route | undefined): boolean {
  const isOwn = location?.scripts?.runs(segment) === true;
  return isOwn || around.scripts?.runs(segment) === true;
}

function found(route: Route, guard: Route, script: Script): Found {
  return { route, guard: guard === route ? undefined : guard, script };
}
