import type { Route } from './route.js';

/** A route with the extension locations written in it. */
export interface RouteNode {
  readonly route: Route;
  /** `.php` → the route for it; undefined when there is none. */
  readonly extensions: ReadonlyMap<string, Route> | undefined;
  /** The nearest block around whose extension locations act here too. */
  readonly around: RouteNode | undefined;
  /** The length of the path of the nearest `location ^~` at it or around it; 0 without one. */
  readonly isolation: number;
}
