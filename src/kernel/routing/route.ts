import type { ErrorPage } from '../contract/config.js';
import type { RouteView } from '../contract/route-view.js';
import type { CompiledHooks } from '../hooks/compiled-hooks.js';
import type { RouteScripts } from './scripts.js';

/** A block of the configuration that handles requests, a server or one of its locations, as compiled at load. */
export interface Route extends RouteView {
  /**
   * False if the methods come from the plugins' abilities, not from a directive: the kernel then responds to OPTIONS.
   */
  readonly methodsDeclared: boolean;
  readonly errorPages: ReadonlyMap<number, ErrorPage>;
  readonly hooks: CompiledHooks;
  /** The files that its plugins run as programs; undefined if they run none. */
  readonly scripts: RouteScripts | undefined;
}
