import { AsyncSeriesBailHook, AsyncSeriesWaterfallHook, SyncHook } from 'tapable';
import type { TraceMode } from '../contract/config.js';
import { inOrder, Stage, type Tap } from '../contract/hooks.js';
import type { Response } from '../http/message.js';
import type { TapOwner } from '../http/tap-owner.js';
import type { Log } from '../log/log.js';
import { guarded, guardedPromise } from './guard.js';
import { logFault } from './log-fault.js';
import { optionKey } from './option-key.js';
import type { RouteTap, RouteTaps } from './registered-taps.js';
import { anyResult, responseResult, routeResult } from './result-checks.js';
import { callOf, checksAccess, once, oncePromise } from './tap-calls.js';
import { responseLimit, routeLimit, type TimeoutGroupOf } from './tap-limits.js';
import type { TimeoutGroup } from './tap-timeout.js';
import type { TappedExchange } from './tapped-exchange.js';
import {
  doneLook,
  type Look,
  reportExchange,
  responseLook,
  routeLook,
  traced,
  tracedPromise,
  withServerTiming,
} from './trace.js';

type RouteHook = AsyncSeriesBailHook<[TappedExchange], Response | undefined>;
type RouteCall = (
  exchange: TappedExchange,
  done: (error?: Error | null, response?: Response) => void,
) => void;
type ResponseCall = (
  response: Response,
  exchange: TappedExchange,
  done: (error?: Error | null, response?: Response) => void,
) => void;
type DoneCall = (exchange: TappedExchange) => void;

/** A route's hooks as dispatch calls them. A hook without taps is undefined and costs nothing. */
export interface CompiledHooks {
  readonly onRoute: RouteCall | undefined;
  /**
   * The taps on `onRoute` in the stages before `handler`: the rules that also apply to a path that another route
   * handles.
   */
  readonly restrict: RouteCall | undefined;
  readonly onResponse: ResponseCall | undefined;
  readonly onDone: DoneCall | undefined;
  /** The taps of onDone that ask for requests without a route. */
  readonly onRefused: DoneCall | undefined;
  /** The union of the methods the taps named, or every usual one when a tap takes any. */
  readonly methods: ReadonlySet<string>;
  /** In the order they are called in, for each hook. */
  readonly taps: readonly Tap[];
}

/** Settings that hooks are compiled with. */
export interface HookSettings {
  readonly timeoutGroup: TimeoutGroupOf;
  readonly trace: TraceMode;
  readonly log: Log;
}

/**
 * Guards and bounds each tap of a route, and has tapable compile them.
 * @param route as failures name it
 */
export function compileHooks(
  taps: RouteTaps,
  methods: ReadonlySet<string>,
  route: string,
  settings: HookSettings,
): CompiledHooks {
  const compiler = new HookCompiler(route, settings);
  const done = taps.onDone.map((tap) => ({ tap, call: compiler.doneCall(tap) }));
  return Object.freeze({
    ...compiler.onRoute(taps),
    onResponse: compiler.onResponse(taps),
    onDone: reported(doneHook(done), settings),
    onRefused: doneHook(done.filter(({ tap }) => tap.refused)),
    methods,
    taps: inOrder([...taps.onRoute, ...taps.onResponse, ...taps.onDone].map(({ tap }) => tap)),
  });
}

class HookCompiler {
  readonly #route: string;
  readonly #settings: HookSettings;

  constructor(route: string, settings: HookSettings) {
    this.#route = route;
    this.#settings = settings;
  }

  onRoute({ onRoute: taps }: RouteTaps): Pick<CompiledHooks, 'onRoute' | 'restrict'> {
    const all = routeHook();
    const restricting = routeHook();
    for (const tap of taps) {
      const { stage } = tap.tap;
      const hooks = stage < Stage.handler ? [all, restricting] : [all];
      if (tap.plain !== undefined) {
        const call = this.#plainRouteCall(tap, tap.plain);
        for (const hook of hooks) hook.tap(named(tap.tap), call);
      }
      if (tap.promised !== undefined) {
        const call = this.#promisedRouteCall(tap, tap.promised);
        for (const hook of hooks) hook.tapPromise(named(tap.tap), call);
      }
    }
    return { onRoute: routeCall(all), restrict: routeCall(restricting) };
  }

  onResponse({ onResponse: taps }: RouteTaps): ResponseCall | undefined {
    const hook = new AsyncSeriesWaterfallHook<[Response, TappedExchange]>(
      ['response', 'exchange'],
      'onResponse',
    );
    for (const { tap, timeout, plain, promised } of taps) {
      const owner = this.#owner(tap);
      if (plain !== undefined) {
        hook.tap(named(tap), this.#watched(tap, responseLook, guarded(owner, plain, responseResult)));
      }
      if (promised !== undefined) {
        const limit = responseLimit(this.#settings.timeoutGroup(timeout));
        const run = guardedPromise(owner, promised, responseResult, limit);
        hook.tapPromise(named(tap), this.#watchedPromise(tap, responseLook, run));
      }
    }
    const call: ResponseCall | undefined = hook.isUsed()
      ? (response, exchange, done) => hook.callAsync(response, exchange, done)
      : undefined;
    return this.#settings.trace === 'server_timing' ? timed(call) : call;
  }

  doneCall({ tap, plain }: RouteTaps['onDone'][number]): DoneCall {
    const run = guarded(this.#owner(tap), plain, anyResult);
    const watched = this.#watched(tap, doneLook, run);
    return (exchange) => {
      // The exchange is over, so errors can only be logged, and the remaining taps must run.
      try {
        watched(exchange);
      } catch (error) {
        logFault(this.#settings.log, exchange, error);
      }
    };
  }

  #plainRouteCall(
    { tap, pass }: RouteTap,
    plain: NonNullable<RouteTap['plain']>,
  ): (exchange: TappedExchange) => Response | undefined {
    const owner = this.#owner(tap);
    const watched = this.#watched(tap, routeLook, guarded(owner, plain, routeResult));
    const run = checksAccess(tap) ? once(passKey(tap, pass), watched) : watched;
    return callOf(tap, owner, methodsOf(tap), undefined, run);
  }

  #promisedRouteCall(
    { tap, timeout, pass }: RouteTap,
    promised: NonNullable<RouteTap['promised']>,
  ): (exchange: TappedExchange) => Promise<Response | undefined> {
    const owner = this.#owner(tap);
    const limit = routeLimit(this.#settings.timeoutGroup(timeout));
    const run = guardedPromise(owner, promised, routeResult, limit);
    const watched = this.#watchedPromise(tap, routeLook, run);
    const checked = checksAccess(tap) ? oncePromise(passKey(tap, pass), watched) : watched;
    return callOf(tap, owner, methodsOf(tap), nothing, checked);
  }

  #owner({ plugin, hook }: Tap): TapOwner {
    return { plugin, hook, route: this.#route };
  }

  #watched<Args extends readonly unknown[], Result>(
    tap: Tap,
    look: Look<Args, Result>,
    run: (...args: Args) => Result,
  ): (...args: Args) => Result {
    return this.#settings.trace === 'off' ? run : traced(tap, look, run);
  }

  #watchedPromise<Args extends readonly unknown[], Result>(
    tap: Tap,
    look: Look<Args, Result>,
    run: (...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result> {
    return this.#settings.trace === 'off' ? run : tracedPromise(tap, look, run);
  }
}

const nothing: Promise<undefined> = Promise.resolve(undefined);

/** Equal for the same tap of a plugin with equal values of its directives. */
function passKey({ plugin }: Tap, pass: RouteTap['pass']): string {
  return `${plugin} ${pass?.number} ${optionKey(pass?.options)}`;
}

/** The methods a tap is called for; undefined for all. */
function methodsOf({ methods }: Tap): ReadonlySet<string> | undefined {
  return methods && new Set(methods);
}

function timed(call: ResponseCall | undefined): ResponseCall {
  return (response, exchange, done) => {
    const finish = (error?: Error | null, result = response): void =>
      error ? done(error) : done(undefined, withServerTiming(result, exchange));
    if (call === undefined) finish();
    else call(response, exchange, finish);
  };
}

function doneHook(
  calls: readonly { readonly tap: { readonly tap: Tap }; readonly call: DoneCall }[],
): DoneCall | undefined {
  if (calls.length === 0) return undefined;
  const hook = new SyncHook<[TappedExchange]>(['exchange'], 'onDone');
  for (const { tap, call } of calls) hook.tap(named(tap.tap), call);
  return (exchange) => hook.call(exchange);
}

function reported(call: DoneCall | undefined, { trace, log }: HookSettings): DoneCall | undefined {
  if (trace === 'off') return call;
  return (exchange) => {
    try {
      call?.(exchange);
    } finally {
      reportExchange(exchange, log);
    }
  };
}

function routeHook(): RouteHook {
  return new AsyncSeriesBailHook(['exchange'], 'onRoute');
}

function routeCall(hook: RouteHook): RouteCall | undefined {
  return hook.isUsed() ? (exchange, done) => hook.callAsync(exchange, done) : undefined;
}

function named({ plugin, stage }: Tap): { name: string; stage: number } {
  return { name: plugin, stage };
}

/** The settings of routes, one for each pair of values. */
export function hookSettings(
  timeoutGroupOf: (milliseconds: number) => TimeoutGroup | undefined,
  log: Log,
): (values: { readonly pluginTimeout: number; readonly trace: TraceMode }) => HookSettings {
  const known = new Map<string, HookSettings>();
  return ({ pluginTimeout, trace }) => {
    const key = `${pluginTimeout} ${trace}`;
    const settings = known.get(key) ?? {
      timeoutGroup: (timeout = pluginTimeout) => timeoutGroupOf(timeout),
      trace,
      log,
    };
    known.set(key, settings);
    return settings;
  };
}
