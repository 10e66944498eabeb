import type { ErrorPage, RouteConfig } from '../contract/config.js';
import type { RouteView } from '../contract/route-view.js';
import { formatPlace, type Place } from '../diagnostics/diagnostic.js';
import { contentTypeOf } from '../files/mime.js';
import { type Boundary, type Lookup, openFile } from '../files/open-file.js';
import type { CompiledHooks, HookSettings } from '../hooks/compiled-hooks.js';
import type { OfferTable } from '../hooks/offer-table.js';
import { RouteHookTable } from '../hooks/route-hooks.js';
import type { SharedTaps } from '../hooks/shared-taps.js';
import { fileOwner } from '../http/message.js';
import { RoutedRequest } from '../http/routed-request.js';
import { type RootMapping, resolveVisible } from '../path/url-path.js';
import type { Route } from '../routing/route.js';
import type { RouteScripts } from '../routing/scripts.js';

/** Properties of a route besides its own block. */
export interface RouteSurroundings {
  /** The route of the block around it; undefined for a server's. */
  readonly around: Pick<RouteView, 'label'> | undefined;
  readonly serverName: string;
  readonly scripts: RouteScripts | undefined;
  readonly offers: OfferTable;
  readonly routes: readonly RouteView[];
  readonly hooks: HookSettings;
  readonly shared: SharedTaps;
}

/** A route, from the block it was written in: one object for its plugins and for the kernel, since there may be thousands. */
export class BuiltRoute implements Route {
  readonly serverName: string;
  readonly scripts: RouteScripts | undefined;
  /** Where its plugins' taps are collected. */
  readonly taps: RouteHookTable;
  readonly #config: RouteConfig;
  readonly #around: Pick<RouteView, 'label'> | undefined;
  readonly #offers: OfferTable;
  readonly #routes: readonly RouteView[];
  readonly #methods: ReadonlySet<string> | undefined;
  // Made when they are first asked for.
  #boundary: Boundary | undefined;
  #resolve: RouteView['resolve'] | undefined;
  #open: RouteView['open'] | undefined;
  #contentType: RouteView['contentType'] | undefined;
  #offersOf: RouteView['offers'] | undefined;
  #everyRoute: RouteView['everyRoute'] | undefined;

  constructor(config: RouteConfig, surroundings: RouteSurroundings) {
    const { around, serverName, scripts, offers, routes, hooks, shared } = surroundings;
    this.#config = config;
    this.#around = around;
    this.serverName = serverName;
    this.scripts = scripts;
    this.#offers = offers;
    this.#routes = routes;
    this.#methods = config.methods && shared.methods(config.methods);
    this.taps = new RouteHookTable(this, hooks, shared);
  }

  get name(): string {
    const { name, place } = this.#config;
    return place === undefined ? name : `${name} at ${formatPlace(place)}`;
  }

  get label(): string {
    const { name } = this.#config;
    return this.#around === undefined ? name : `${this.#around.label}, ${name}`;
  }

  get place(): Place | undefined {
    return this.#config.place;
  }

  get prefix(): string {
    return this.#config.prefix;
  }

  get root(): RootMapping | undefined {
    return this.#config.root;
  }

  get ignoreClientAbort(): boolean {
    return this.#config.ignoreClientAbort;
  }

  get maxBodySize(): number {
    return this.#config.maxBodySize;
  }

  get errorPages(): ReadonlyMap<number, ErrorPage> {
    return this.#config.errorPages;
  }

  get boundary(): Boundary {
    const { root, followSymlinks, hiddenFiles } = this.#config;
    this.#boundary ??= { directory: root?.directory ?? '/', followSymlinks, hiddenFiles };
    return this.#boundary;
  }

  get hooks(): CompiledHooks {
    return this.taps.compile();
  }

  get methods(): ReadonlySet<string> {
    return this.#methods ?? this.taps.methods;
  }

  get methodsDeclared(): boolean {
    return this.#methods !== undefined;
  }

  // Functions of their own, so that a plugin may take them out of the route: `const { offers } = route`.

  get resolve(): RouteView['resolve'] {
    this.#resolve ??= (path) => {
      const { root, hiddenFiles } = this.#config;
      return root && resolveVisible(root, path, hiddenFiles);
    };
    return this.#resolve;
  }

  get open(): RouteView['open'] {
    this.#open ??= async (request) => {
      const path = this.resolve(request.path);
      const lookup: Lookup = path === undefined ? { kind: 'absent' } : await openFile(path, this.boundary);
      if (lookup.kind === 'file' && request instanceof RoutedRequest) request[fileOwner]?.own(lookup.file);
      return lookup;
    };
    return this.#open;
  }

  get contentType(): RouteView['contentType'] {
    this.#contentType ??= (fileName) => contentTypeOf(this.#config, fileName);
    return this.#contentType;
  }

  get offers(): RouteView['offers'] {
    this.#offersOf ??= (name) => this.#offers.get(name);
    return this.#offersOf;
  }

  get everyRoute(): RouteView['everyRoute'] {
    this.#everyRoute ??= () => this.#routes;
    return this.#everyRoute;
  }
}
