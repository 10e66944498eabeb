import { AsyncSeriesBailHook, AsyncSeriesWaterfallHook, SyncHook } from 'tapable';
import type { TraceMode } from '../contract/config.js';
import {
  inOrder,
  type RouteHooks,
  type RouteTapOptions,
  Stage,
  type Tap,
  type TapOptions,
  tooLate,
} from '../contract/hooks.js';
import type { Response } from '../http/message.js';
import { CONTENT_METHODS } from '../http/methods.js';
import type { TapOwner } from '../http/tap-owner.js';
import type { Log } from '../log/log.js';
import { anyAnswer, responseAnswer, routeAnswer } from './answer-checks.js';
import { guarded, guardedPromise } from './guard.js';
import { logFault } from './log-fault.js';
import { optionKey } from './option-key.js';
import { callOf, checksAccess, once, oncePromise } from './tap-calls.js';
import { responseLimit, routeLimit, type TimeoutGroupOf } from './tap-limits.js';
import { tapOf } from './tap-options.js';
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

// Taps are written for what plugins see of an exchange; they are called with what the kernel knows of it as well.
type RouteArguments = [TappedExchange];
type RouteAnswer = Response | undefined;
type ResponseArguments = [Response, TappedExchange];

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

/** A route's hooks as dispatch calls them. A hook nobody tapped is undefined and costs nothing. */
export interface CompiledHooks {
  readonly onRoute: RouteCall | undefined;
  /** The taps on `onRoute` in the stages before `handler`: what else holds for a path that another route answers. */
  readonly restrict: RouteCall | undefined;
  readonly onResponse: ResponseCall | undefined;
  readonly onDone: ((exchange: TappedExchange) => void) | undefined;
  /** The taps of onDone that ask for requests without a route. */
  readonly onRefused: ((exchange: TappedExchange) => void) | undefined;
  /** The union of the methods the taps named, or every usual one when a tap takes any. */
  readonly methods: ReadonlySet<string>;
  /** In the order they are called in, for each hook. */
  readonly taps: readonly Tap[];
}

/** What the hooks of a route are made with. */
export interface HookSettings {
  readonly timeoutGroup: TimeoutGroupOf;
  readonly trace: TraceMode;
  readonly log: Log;
}

/** Collects the taps of one route while its plugins are applied, then compiles them. */
export class RouteHookTable {
  readonly #onRoute = routeHook();
  #restrict: RouteHook | undefined;
  readonly #onResponse = new AsyncSeriesWaterfallHook<[Response, TappedExchange]>(
    ['response', 'exchange'],
    'onResponse',
  );
  readonly #onDone = new SyncHook<[TappedExchange]>(['exchange'], 'onDone');
  readonly #onRefused = new SyncHook<[TappedExchange]>(['exchange'], 'onDone');
  readonly #methods = new Set<string>();
  readonly #taps: Tap[] = [];
  #compiled = false;
  readonly #timeoutGroup: TimeoutGroupOf;
  readonly #trace: TraceMode;
  readonly #log: Log;

  constructor({ timeoutGroup, trace, log }: HookSettings) {
    this.#timeoutGroup = timeoutGroup;
    this.#trace = trace;
    this.#log = log;
  }

  /** The facade for one plugin; `route` names the route and its configuration line in failures. */
  facade(plugin: string, route: string, options?: unknown): RouteHooks {
    const owner = (hook: string): TapOwner => ({ plugin, hook, route });
    const routeOwner = owner('onRoute');
    const responseOwner = owner('onResponse');
    const doneOwner = owner('onDone');
    const limit = (tapped: TapOptions) => this.#timeoutGroup(tapped.timeout);
    let taps = 0;
    /** The same for the same tap of a plugin with equal values of its directives. */
    const identity = (): string => {
      taps += 1;
      return `${plugin} ${taps} ${optionKey(options)}`;
    };
    return {
      onRoute: {
        tap: (options, fn) => {
          const tap = this.#remember(plugin, 'onRoute', options);
          const watched = this.#watched(
            tap,
            routeLook,
            guarded<RouteArguments, RouteAnswer>(routeOwner, fn, routeAnswer),
          );
          const run = checksAccess(tap) ? once(identity(), watched) : watched;
          const only = this.#methodsOf(tap, options.answers);
          const call = callOf(tap, routeOwner, only, undefined, run);
          this.#onRoute.tap(named(tap), call);
          if (tap.stage < Stage.handler) this.#restricting().tap(named(tap), call);
        },
        tapPromise: (options, fn) => {
          const tap = this.#remember(plugin, 'onRoute', options);
          const guardedRun = guardedPromise<RouteArguments, RouteAnswer>(
            routeOwner,
            fn,
            routeAnswer,
            routeLimit(limit(options)),
          );
          const watched = this.#watchedPromise(tap, routeLook, guardedRun);
          const run = checksAccess(tap) ? oncePromise(identity(), watched) : watched;
          const only = this.#methodsOf(tap, options.answers);
          const call = callOf(tap, routeOwner, only, nothing, run);
          this.#onRoute.tapPromise(named(tap), call);
          if (tap.stage < Stage.handler) this.#restricting().tapPromise(named(tap), call);
        },
      },
      onResponse: {
        tap: (options, fn) => {
          const tap = this.#remember(plugin, 'onResponse', options);
          const run = guarded<ResponseArguments, Response>(responseOwner, fn, responseAnswer);
          this.#onResponse.tap(named(tap), this.#watched(tap, responseLook, run));
        },
        tapPromise: (options, fn) => {
          const tap = this.#remember(plugin, 'onResponse', options);
          const run = guardedPromise<ResponseArguments, Response>(
            responseOwner,
            fn,
            responseAnswer,
            responseLimit(limit(options)),
          );
          this.#onResponse.tapPromise(named(tap), this.#watchedPromise(tap, responseLook, run));
        },
      },
      onDone: {
        tap: (options, fn) => {
          const tap = this.#remember(plugin, 'onDone', options);
          const run = guarded<RouteArguments, void>(doneOwner, fn, anyAnswer);
          const watched = this.#watched(tap, doneLook, run);
          const call = (exchange: TappedExchange): void => {
            // There is nobody left to tell, and the taps after it are to run all the same.
            try {
              watched(exchange);
            } catch (error) {
              logFault(this.#log, exchange, error);
            }
          };
          this.#onDone.tap(named(tap), call);
          if (options.refused) this.#onRefused.tap(named(tap), call);
        },
      },
    };
  }

  compile(): CompiledHooks {
    this.#compiled = true;
    return Object.freeze({
      onRoute: routeCall(this.#onRoute),
      restrict: routeCall(this.#restrict),
      onResponse: this.#compileResponse(),
      onDone: this.#compileDone(),
      onRefused: this.#onRefused.isUsed()
        ? (exchange: TappedExchange) => this.#onRefused.call(exchange)
        : undefined,
      methods: this.#methods,
      taps: inOrder(this.#taps),
    });
  }

  #restricting(): RouteHook {
    this.#restrict ??= routeHook();
    return this.#restrict;
  }

  #compileResponse(): ResponseCall | undefined {
    const onResponse = this.#onResponse;
    const call: ResponseCall | undefined = onResponse.isUsed()
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

  #compileDone(): ((exchange: TappedExchange) => void) | undefined {
    const onDone = this.#onDone;
    const call = onDone.isUsed() ? (exchange: TappedExchange) => onDone.call(exchange) : undefined;
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
    if (this.#compiled) throw tooLate(plugin, hook);
    const tap = tapOf(plugin, hook, options);
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
  #methodsOf(
    { stage, methods }: Tap,
    answers = stage < Stage.limit || stage >= Stage.handler,
  ): ReadonlySet<string> | undefined {
    if (answers) for (const method of methods ?? CONTENT_METHODS) this.#methods.add(method);
    return methods && new Set(methods);
  }
}

function routeHook(): RouteHook {
  return new AsyncSeriesBailHook(['exchange'], 'onRoute');
}

function routeCall(hook: RouteHook | undefined): RouteCall | undefined {
  return hook?.isUsed() ? (exchange, done) => hook.callAsync(exchange, done) : undefined;
}

const nothing: Promise<undefined> = Promise.resolve(undefined);

function named({ plugin, stage }: Tap): { name: string; stage: number } {
  return { name: plugin, stage };
}
