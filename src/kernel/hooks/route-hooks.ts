import { type RouteHooks, type RouteTapOptions, Stage, type Tap, tooLate } from '../contract/hooks.js';
import { CONTENT_METHODS } from '../http/methods.js';
import type { TapOwner } from '../http/tap-owner.js';
import { type CompiledHooks, compileHooks, type HookSettings } from './compiled-hooks.js';
import { checkPlainFunction, checkPromisedFunction } from './guard.js';
import type { DoneTap, ResponseTap, RouteTap } from './registered-taps.js';
import { SharedTaps } from './shared-taps.js';
import { checksAccess } from './tap-calls.js';
import { tapOf } from './tap-options.js';

const NO_TAPS: readonly never[] = Object.freeze([]);

/**
 * Collects the taps of one route while its plugins are applied. Until the first request comes to the route, a tap is its
 * description and its function: a configuration may have ten thousand routes, most of them without a request.
 */
export class RouteHookTable {
  readonly #route: { readonly name: string };
  readonly #settings: HookSettings;
  readonly #shared: SharedTaps;
  // Replaced, not appended to: an array that grows by push or by spreading has room for 17.
  #onRoute: readonly RouteTap[] = NO_TAPS;
  #onResponse: readonly ResponseTap[] = NO_TAPS;
  #onDone: readonly DoneTap[] = NO_TAPS;
  #methods: ReadonlySet<string>;
  #sealed = false;
  #compiled: CompiledHooks | undefined;

  /**
   * @param route its name has its configuration line, for failures
   * @param shared what the routes of the configuration have in common
   */
  constructor(route: { readonly name: string }, settings: HookSettings, shared = new SharedTaps()) {
    this.#route = route;
    this.#settings = settings;
    this.#shared = shared;
    this.#methods = shared.noMethods;
  }

  /** The union of the methods the taps named, or every usual one when a tap takes any. */
  get methods(): ReadonlySet<string> {
    return this.#methods;
  }

  /** Whether a tap may respond to a request. */
  get responds(): boolean {
    return this.#onRoute.length > 0;
  }

  /** The facade for one plugin. @param options the values of its directives */
  facade(plugin: string, options?: unknown): RouteHooks {
    return new PluginTaps(this, plugin, options);
  }

  /** Called when every plugin has been applied: no tap comes after it. */
  seal(): void {
    this.#sealed = true;
  }

  /** Returns the hooks. The first call compiles them; dispatch calls this several times for each request. */
  compile(): CompiledHooks {
    if (this.#compiled !== undefined) return this.#compiled;
    this.seal();
    this.#compiled = compileHooks(
      { onRoute: this.#onRoute, onResponse: this.#onResponse, onDone: this.#onDone },
      this.#methods,
      this.#route.name,
      this.#settings,
    );
    return this.#compiled;
  }

  /** @throws TypeError for options that mean nothing, Error when the hooks are in use */
  describe(plugin: string, hook: Tap['hook'], options: RouteTapOptions): Tap {
    if (this.#sealed) throw tooLate(plugin, hook);
    return this.#shared.tap(tapOf(plugin, hook, options));
  }

  ownerOf(plugin: string, hook: string): TapOwner {
    return { plugin, hook, route: this.#route.name };
  }

  addRouteTap(tap: RouteTap, answers: boolean | undefined): void {
    const { stage, methods } = tap.tap;
    this.#onRoute = this.#onRoute.concat(tap);
    if (answers ?? (stage < Stage.limit || stage >= Stage.handler))
      this.#methods = this.#shared.methods([...this.#methods, ...(methods ?? CONTENT_METHODS)]);
  }

  addResponseTap(tap: ResponseTap): void {
    this.#onResponse = this.#onResponse.concat(tap);
  }

  addDoneTap(tap: DoneTap): void {
    this.#onDone = this.#onDone.concat(tap);
  }
}

/** A plugin's facade of one route's hooks. Each hook is created on first use: few plugins use most routes. */
class PluginTaps implements RouteHooks {
  readonly #table: RouteHookTable;
  readonly #plugin: string;
  readonly #options: unknown;
  /** Taps that may refuse, so far. */
  #checks = 0;

  constructor(table: RouteHookTable, plugin: string, options: unknown) {
    this.#table = table;
    this.#plugin = plugin;
    this.#options = options;
  }

  get onRoute(): RouteHooks['onRoute'] {
    const table = this.#table;
    return {
      tap: (options, plain) => {
        const tap = this.#tapOf('onRoute', options);
        checkPlainFunction(() => this.#ownerOf('onRoute'), plain);
        const added = { tap, timeout: undefined, plain, promised: undefined, pass: this.#passOf(tap) };
        table.addRouteTap(added, options.answers);
      },
      tapPromise: (options, promised) => {
        const tap = this.#tapOf('onRoute', options);
        checkPromisedFunction(() => this.#ownerOf('onRoute'), promised);
        const added = { tap, timeout: options.timeout, plain: undefined, promised, pass: this.#passOf(tap) };
        table.addRouteTap(added, options.answers);
      },
    };
  }

  get onResponse(): RouteHooks['onResponse'] {
    const table = this.#table;
    return {
      tap: (options, plain) => {
        const tap = this.#tapOf('onResponse', options);
        checkPlainFunction(() => this.#ownerOf('onResponse'), plain);
        table.addResponseTap({ tap, timeout: undefined, plain, promised: undefined });
      },
      tapPromise: (options, promised) => {
        const tap = this.#tapOf('onResponse', options);
        checkPromisedFunction(() => this.#ownerOf('onResponse'), promised);
        table.addResponseTap({ tap, timeout: options.timeout, plain: undefined, promised });
      },
    };
  }

  get onDone(): RouteHooks['onDone'] {
    return {
      tap: (options, plain) => {
        const tap = this.#tapOf('onDone', options);
        checkPlainFunction(() => this.#ownerOf('onDone'), plain);
        this.#table.addDoneTap({ tap, plain, refused: options.refused === true });
      },
    };
  }

  #tapOf(hook: Tap['hook'], options: RouteTapOptions): Tap {
    return this.#table.describe(this.#plugin, hook, options);
  }

  #ownerOf(hook: Tap['hook']): TapOwner {
    return this.#table.ownerOf(this.#plugin, hook);
  }

  #passOf(tap: Tap): RouteTap['pass'] {
    if (!checksAccess(tap)) return undefined;
    this.#checks += 1;
    return { number: this.#checks, options: this.#options };
  }
}
