import type { Route } from './route.js';

/** A route with the extension locations written in its block. */
export interface RouteNode {
  readonly route: Route;
  /** `.php` → its route; undefined if the block has no extension locations. */
  readonly extensions: ReadonlyMap<string, Route> | undefined;
  /** The nearest enclosing block whose extension locations apply here too. */
  readonly around: RouteNode | undefined;
  /** Length of the path of the nearest `location ^~` that is or encloses this one; 0 without one. */
  readonly isolation: number;
}
