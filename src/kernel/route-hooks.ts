import { AsyncSeriesBailHook, AsyncSeriesWaterfallHook, SyncHook } from 'tapable';
import { checkAnswer, ignoreAnswer, requireAnswer } from './answers.js';
import type { Exchange } from './exchange.js';
import { guarded, guardedPromise, type TapOwner } from './guard.js';
import { inOrder, type RouteHooks, type RouteTapOptions, Stage, stageOf, type Tap } from './hooks.js';
import type { Log } from './log.js';
import { logFault } from './log-fault.js';
import type { Response } from './message.js';
import { CONTENT_METHODS } from './methods.js';
import { type PatienceOf, responseLimit, routeLimit } from './tap-limits.js';
import {
  doneLook,
  type Look,
  reportExchange,
  responseLook,
  routeLook,
  type TraceMode,
  traced,
  tracedPromise,
  withServerTiming,
} from './trace.js';

type RouteCall = (exchange: Exchange, done: (error?: Error | null, response?: Response) => void) => void;
type ResponseCall = (
  response: Response,
  exchange: Exchange,
  done: (error?: Error | null, response?: Response) => void,
) => void;

/** A route's hooks as dispatch calls them. A hook nobody tapped is undefined and costs nothing. */
export interface CompiledHooks {
  readonly onRoute: RouteCall | undefined;
  readonly onResponse: ResponseCall | undefined;
  readonly onDone: ((exchange: Exchange) => void) | undefined;
  /** The union of the methods the taps named, or every usual one when a tap takes any. */
  readonly methods: ReadonlySet<string>;
  /** In the order they are called in, for each hook. */
  readonly taps: readonly Tap[];
}

/** What the hooks of a route are made with. */
export interface HookSettings {
  readonly patience: PatienceOf;
  readonly trace: TraceMode;
  readonly log: Log;
}

/** What a plugin gets of each hook, made when it asks. */
type Openers = { readonly [Hook in keyof RouteHooks]: (owner: TapOwner) => RouteHooks[Hook] };

class Facade implements RouteHooks {
  readonly #plugin: string;
  readonly #route: string;
  readonly #openers: Openers;

  constructor(plugin: string, route: string, openers: Openers) {
    this.#plugin = plugin;
    this.#route = route;
    this.#openers = openers;
  }

  get onRoute(): RouteHooks['onRoute'] {
    return this.#openers.onRoute(this.#owner('onRoute'));
  }

  get onResponse(): RouteHooks['onResponse'] {
    return this.#openers.onResponse(this.#owner('onResponse'));
  }

  get onDone(): RouteHooks['onDone'] {
    return this.#openers.onDone(this.#owner('onDone'));
  }

  #owner(hook: keyof RouteHooks): TapOwner {
    return { plugin: this.#plugin, hook, route: this.#route };
  }
}

/** Collects the taps of one route while its plugins are applied, then compiles them. */
export class RouteHookTable {
  // Made when they are first tapped: a thousand servers have many routes, most with taps on one of them.
  #onRoute: AsyncSeriesBailHook<[Exchange], Response | undefined> | undefined;
  #onResponse: AsyncSeriesWaterfallHook<[Response, Exchange]> | undefined;
  #onDone: SyncHook<[Exchange]> | undefined;
  readonly #methods = new Set<string>();
  readonly #taps: Tap[] = [];
  readonly #patience: PatienceOf;
  readonly #trace: TraceMode;
  readonly #log: Log;

  readonly #openers: Openers = {
    onRoute: (owner) => this.#onRouteOf(owner),
    onResponse: (owner) => this.#onResponseOf(owner),
    onDone: (owner) => this.#onDoneOf(owner),
  };

  constructor({ patience, trace, log }: HookSettings) {
    this.#patience = patience;
    this.#trace = trace;
    this.#log = log;
  }

  /**
   * The facade for one plugin; `route` names the route and its configuration line in failures. Most plugins do not touch
   * most routes: what a hook needs is made when it is asked for.
   */
  facade(plugin: string, route: string): RouteHooks {
    return new Facade(plugin, route, this.#openers);
  }

  #onRouteOf(owner: TapOwner): RouteHooks['onRoute'] {
    this.#onRoute ??= new AsyncSeriesBailHook(['exchange'], 'onRoute');
    const hook = this.#onRoute;
    return {
      tap: (options, fn) => {
        const tap = this.#remember(owner.plugin, 'onRoute', options);
        const run = this.#watched(tap, routeLook, guarded(owner, fn, checkAnswer));
        const only = this.#methodsOf(options);
        hook.tap(named(tap), (exchange) =>
          only === undefined || only.has(exchange.request.method) ? run(exchange) : undefined,
        );
      },
      tapPromise: (options, fn) => {
        const tap = this.#remember(owner.plugin, 'onRoute', options);
        const limit = routeLimit(this.#patience(options.timeout));
        const run = this.#watchedPromise(tap, routeLook, guardedPromise(owner, fn, checkAnswer, limit));
        const only = this.#methodsOf(options);
        hook.tapPromise(named(tap), (exchange) =>
          only === undefined || only.has(exchange.request.method) ? run(exchange) : nothing,
        );
      },
    };
  }

  #onResponseOf(owner: TapOwner): RouteHooks['onResponse'] {
    this.#onResponse ??= new AsyncSeriesWaterfallHook(['response', 'exchange'], 'onResponse');
    const hook = this.#onResponse;
    return {
      tap: (options, fn) => {
        const tap = this.#remember(owner.plugin, 'onResponse', options);
        const run = guarded(owner, fn, requireAnswer);
        hook.tap(named(tap), this.#watched(tap, responseLook, run));
      },
      tapPromise: (options, fn) => {
        const tap = this.#remember(owner.plugin, 'onResponse', options);
        const limit = responseLimit(this.#patience(options.timeout));
        const run = guardedPromise(owner, fn, requireAnswer, limit);
        hook.tapPromise(named(tap), this.#watchedPromise(tap, responseLook, run));
      },
    };
  }

  #onDoneOf(owner: TapOwner): RouteHooks['onDone'] {
    this.#onDone ??= new SyncHook(['exchange'], 'onDone');
    const hook = this.#onDone;
    return {
      tap: (options, fn) => {
        const tap = this.#remember(owner.plugin, 'onDone', options);
        const run = guarded(owner, fn, ignoreAnswer);
        const watched = this.#watched(tap, doneLook, run);
        hook.tap(named(tap), (exchange) => {
          // There is nobody left to tell, and the taps after it are to run all the same.
          try {
            watched(exchange);
          } catch (error) {
            logFault(this.#log, exchange, error);
          }
        });
      },
    };
  }

  compile(): CompiledHooks {
    const onRoute = this.#onRoute;
    return Object.freeze({
      onRoute: onRoute?.isUsed()
        ? (exchange: Exchange, done: Parameters<RouteCall>[1]) => onRoute.callAsync(exchange, done)
        : undefined,
      onResponse: this.#compileResponse(),
      onDone: this.#compileDone(),
      methods: this.#methods,
      taps: inOrder(this.#taps),
    });
  }

  #compileResponse(): ResponseCall | undefined {
    const onResponse = this.#onResponse;
    const call: ResponseCall | undefined = onResponse?.isUsed()
      ? (response, exchange, done) => onResponse.callAsync(response, exchange, done)
      : undefined;
    if (this.#trace !== 'server_timing') return call;
    return (response, exchange, done) => {
      const timed = (error?: Error | null, answer = response): void =>
        error ? done(error) : done(undefined, withServerTiming(answer, exchange));
      if (call === undefined) timed();
      else call(response, exchange, timed);
    };
  }

  #compileDone(): ((exchange: Exchange) => void) | undefined {
    const onDone = this.#onDone;
    const call = onDone?.isUsed() ? (exchange: Exchange) => onDone.call(exchange) : undefined;
    if (this.#trace === 'off') return call;
    return (exchange) => {
      try {
        call?.(exchange);
      } finally {
        reportExchange(exchange, this.#log);
      }
    };
  }

  #remember(plugin: string, hook: keyof RouteHooks, options: RouteTapOptions): Tap {
    const tap: Tap = { plugin, hook, stage: stageOf(options), methods: options.methods };
    this.#taps.push(tap);
    return tap;
  }

  #watched<Args extends readonly unknown[], Answer>(
    tap: Tap,
    look: Look<Args, Answer>,
    run: (...args: Args) => Answer,
  ): (...args: Args) => Answer {
    return this.#trace === 'off' ? run : traced(tap, look, run);
  }

  #watchedPromise<Args extends readonly unknown[], Answer>(
    tap: Tap,
    look: Look<Args, Answer>,
    run: (...args: Args) => Promise<Answer>,
  ): (...args: Args) => Promise<Answer> {
    return this.#trace === 'off' ? run : tracedPromise(tap, look, run);
  }

  /** @returns the methods a tap is called for; undefined for all */
  #methodsOf(options: RouteTapOptions): ReadonlySet<string> | undefined {
    const stage = stageOf(options);
    const { methods, answers = stage < Stage.access || stage >= Stage.handler } = options;
    if (answers) for (const method of methods ?? CONTENT_METHODS) this.#methods.add(method);
    return methods && new Set(methods);
  }
}

const nothing: Promise<undefined> = Promise.resolve(undefined);

function named({ plugin, stage }: Tap): { name: string; stage: number } {
  return { name: plugin, stage };
}
