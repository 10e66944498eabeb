import type { ErrorPage, RouteConfig } from '../contract/config.js';
import type { Offers } from '../contract/offers.js';
import type { RouteView } from '../contract/route-view.js';
import { formatPlace, type Place } from '../diagnostics/diagnostic.js';
import { contentTypeOf } from '../files/mime.js';
import { type Boundary, type Lookup, openFile } from '../files/open-file.js';
import type { OfferTable } from '../hooks/offer-table.js';
import type { CompiledHooks } from '../hooks/route-hooks.js';
import { fileOwner, type Request } from '../http/message.js';
import { RoutedRequest } from '../http/routed-request.js';
import { type DecodedPath, type FilePath, type RootMapping, resolveVisible } from '../path/url-path.js';
import type { Route } from '../routing/route.js';
import type { RouteScripts } from '../routing/scripts.js';

const NO_METHODS: ReadonlySet<string> = new Set();

const NO_HOOKS: CompiledHooks = Object.freeze({
  onRoute: undefined,
  restrict: undefined,
  onResponse: undefined,
  onDone: undefined,
  onRefused: undefined,
  methods: NO_METHODS,
  taps: [],
});

/** What a route knows besides its own block. */
export interface RouteSurroundings {
  readonly label: string;
  readonly serverName: string;
  readonly scripts: RouteScripts | undefined;
  readonly offers: OfferTable;
  readonly routes: readonly RouteView[];
}

/** A route, from the block it was written in: one object for its plugins and for the kernel, since there may be thousands. */
export class BuiltRoute implements Route {
  readonly label: string;
  readonly serverName: string;
  readonly boundary: Boundary;
  readonly scripts: RouteScripts | undefined;
  readonly #config: RouteConfig;
  readonly #offers: OfferTable;
  readonly #routes: readonly RouteView[];
  #hooks = NO_HOOKS;
  #methods = NO_METHODS;

  constructor(config: RouteConfig, { label, serverName, scripts, offers, routes }: RouteSurroundings) {
    const { root, followSymlinks, hiddenFiles } = config;
    this.#config = config;
    this.label = label;
    this.serverName = serverName;
    this.boundary = { directory: root?.directory ?? '/', followSymlinks, hiddenFiles };
    this.scripts = scripts;
    this.#offers = offers;
    this.#routes = routes;
  }

  get name(): string {
    const { name, place } = this.#config;
    return place === undefined ? name : `${name} at ${formatPlace(place)}`;
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

  get hooks(): CompiledHooks {
    return this.#hooks;
  }

  get methods(): ReadonlySet<string> {
    return this.#methods;
  }

  get methodsDeclared(): boolean {
    return this.#config.methods !== undefined;
  }

  /** Called once, when every plugin has been applied. */
  complete(hooks: CompiledHooks): void {
    this.#hooks = hooks;
    const declared = this.#config.methods;
    this.#methods = declared === undefined ? hooks.methods : new Set(declared);
  }

  // Functions of their own, so that a plugin may take them out of the route: `const { offers } = route`.

  readonly resolve = (path: DecodedPath): FilePath | undefined => {
    const { root, hiddenFiles } = this.#config;
    return root && resolveVisible(root, path, hiddenFiles);
  };

  readonly open = async (request: Pick<Request, 'path'>): Promise<Lookup> => {
    const path = this.resolve(request.path);
    const lookup: Lookup = path === undefined ? { kind: 'absent' } : await openFile(path, this.boundary);
    if (lookup.kind === 'file' && request instanceof RoutedRequest) request[fileOwner]?.own(lookup.file);
    return lookup;
  };

  readonly contentType = (fileName: string): string => contentTypeOf(this.#config, fileName);

  readonly offers = <Name extends keyof Offers>(name: Name): Offers[Name] | undefined =>
    this.#offers.get(name);

  readonly everyRoute = (): readonly RouteView[] => this.#routes;
}
