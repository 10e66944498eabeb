import type { ErrorPage } from '../contract/config.js';
import type { RouteView } from '../contract/route-view.js';
import type { CompiledHooks } from '../hooks/route-hooks.js';
import type { RouteScripts } from './scripts.js';

/** A block of the configuration that answers requests: a server or one of its locations, settled at load. */
export interface Route extends RouteView {
  /** False when the methods are only what the plugins can do: then OPTIONS is answered by the kernel. */
  readonly methodsDeclared: boolean;
  readonly errorPages: ReadonlyMap<number, ErrorPage>;
  readonly hooks: CompiledHooks;
  /** The files that its plugins run as programs; undefined where they run none. */
  readonly scripts: RouteScripts | undefined;
}
