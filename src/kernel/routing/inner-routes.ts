import type { Route } from './route.js';

/** Builds the route of an extension location inside another location. */
export type BuildInner = (around: Route, location: Route) => Promise<Route>;

/**
 * The routes of extension locations inside other locations of their block. Each pair has a route, so ten extension
 * locations in a thousand locations would need ten thousand. Those of small configurations are built at load. In larger
 * ones the first request that needs a route builds it, and only the latest `limit` of these are kept.
 */
export class InnerRoutes {
  readonly #build: BuildInner;
  readonly #limit: number;
  readonly #routes = new Map<Route, Map<Route, Route>>();
  readonly #underWay = new Map<Route, Map<Route, Promise<Route>>>();
  /** Routes built while serving, oldest first. */
  readonly #late: (readonly [around: Route, location: Route])[] = [];

  constructor(build: BuildInner, limit: number) {
    this.#build = build;
    this.#limit = limit;
  }

  /** @returns undefined if it is not built */
  get(around: Route, location: Route): Route | undefined {
    return this.#routes.get(around)?.get(location);
  }

  /** Adds a route built at load. */
  add(around: Route, location: Route, route: Route): void {
    put(this.#routes, around, location, route);
  }

  /** Returns the route, and builds it if necessary. @throws ConfigError if a plugin rejects it */
  async make(around: Route, location: Route): Promise<Route> {
    const known = this.get(around, location) ?? this.#underWay.get(around)?.get(location);
    if (known !== undefined) return known;
    const building = this.#build(around, location);
    put(this.#underWay, around, location, building);
    try {
      const route = await building;
      this.#keep(around, location, route);
      return route;
    } finally {
      remove(this.#underWay, around, location);
    }
  }

  #keep(around: Route, location: Route, route: Route): void {
    const oldest = this.#late.length >= this.#limit ? this.#late.shift() : undefined;
    if (oldest !== undefined) remove(this.#routes, ...oldest);
    this.#late.push([around, location]);
    put(this.#routes, around, location, route);
  }
}

function put<Value>(
  table: Map<Route, Map<Route, Value>>,
  around: Route,
  location: Route,
  value: Value,
): void {
  const inner = table.get(around);
  if (inner === undefined) table.set(around, new Map([[location, value]]));
  else inner.set(location, value);
}

function remove(table: Map<Route, Map<Route, unknown>>, around: Route, location: Route): void {
  const inner = table.get(around);
  inner?.delete(location);
  if (inner?.size === 0) table.delete(around);
}
