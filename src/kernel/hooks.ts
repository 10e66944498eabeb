import { AsyncSeriesBailHook, AsyncSeriesHook, AsyncSeriesWaterfallHook, SyncHook } from 'tapable';
import type { Config } from './config/compile.js';
import { discard } from './discard.js';
import type { Exchange } from './exchange.js';
import { guarded, guardedPromise, isResponse, type Limit, PluginError, type TapOwner } from './guard.js';
import { checkFields } from './http/writer.js';
import type { Request, RequestBody, Response } from './message.js';
import { CONTENT_METHODS } from './methods.js';
import type { Patience } from './patience.js';

/**
 * The order of taps inside one hook. Wide gaps, so that a plugin may stand between two: `Stage.access + 10`.
 */
export const Stage = {
  /** Changes where the request goes before anybody is asked whether it may: redirects. */
  rewrite: 100,
  /** May refuse, never answers with content: methods, authentication, limits. */
  access: 200,
  /** Answers by doing something: CGI, uploads. Before content, so that a script is run and not sent. */
  handler: 300,
  /** Answers with what is there: static files. */
  content: 400,
  /** Answers when nobody else did: a directory's listing. */
  fallback: 500,
} as const;

export interface TapOptions {
  /** Where in the hook's order; `Stage.content` when left out. */
  readonly stage?: number;
  /**
   * How long the promise of a `tapPromise` may take, in milliseconds, instead of `plugin_timeout`; Infinity where the
   * plugin has bounds of its own. The time in which a client's content is waited for does not count.
   */
  readonly timeout?: number;
}

export interface RouteTapOptions extends TapOptions {
  /**
   * The methods this tap answers. It is not called for others, and they are what `Allow` names where the route has
   * no `methods` directive. Left out: called for every method, and names none.
   */
  readonly methods?: readonly string[];
}

/** A tap with a plain function: for decisions that need no I/O. It costs no promise. */
export interface Tappable<Options, Args extends readonly unknown[], Answer> {
  tap(options: Options, fn: (...args: Args) => Answer): void;
  tapPromise(options: Options, fn: (...args: Args) => Promise<Answer>): void;
}

/** What a plugin's `apply` gets to tap: the hooks of one route. */
export interface RouteHooks {
  /** The first `Response` wins; `undefined` passes the exchange on. */
  readonly onRoute: Tappable<RouteTapOptions, [Exchange], Response | undefined>;
  /** The `Response` to send instead, or the same one. Error pages pass here too. */
  readonly onResponse: Tappable<TapOptions, [Response, Exchange], Response>;
  /** When the last byte is out or the connection is lost; `exchange.outcome` is set. */
  readonly onDone: Pick<Tappable<TapOptions, [Exchange], void>, 'tap'>;
}

/** What a plugin's `setup` gets to tap: once a server process. */
export interface ServerHooks {
  /** The compiled configuration before anything serves. Throw a `ConfigError` to refuse it. */
  readonly onConfig: Tappable<TapOptions, [Config], void>;
  /** Every request before it has a route. A `Response` ends it; `undefined` goes on. */
  readonly onRequest: Tappable<TapOptions, [Request], Response | undefined>;
}

type RouteCall = (exchange: Exchange, done: (error?: Error | null, response?: Response) => void) => void;
type ResponseCall = (
  response: Response,
  exchange: Exchange,
  done: (error?: Error | null, response?: Response) => void,
) => void;
export type RequestCall = (
  request: Request,
  done: (error?: Error | null, response?: Response) => void,
) => void;

/** One tap, for who asks what a configuration does; dispatch does not look at it. */
export interface Tap {
  readonly plugin: string;
  readonly hook: keyof RouteHooks | keyof ServerHooks;
  readonly stage: number;
  /** undefined: called for every method. */
  readonly methods: readonly string[] | undefined;
}

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

function checkAnswer(
  owner: TapOwner,
  answer: Response | undefined,
  [exchange]: readonly [Exchange],
): Response | undefined {
  if (answer === undefined) return undefined;
  if (!isResponse(answer)) throw new PluginError(owner, 'answered with something that is no Response');
  exchange.answeredBy = owner;
  return answer;
}

function requireAnswer(
  owner: TapOwner,
  answer: Response,
  [before, exchange]: readonly [Response, Exchange],
): Response {
  if (!isResponse(answer)) throw new PluginError(owner, 'must answer with a Response');
  if (answer !== before) exchange.answeredBy = owner;
  return answer;
}

/** There is no exchange yet that could tell who answered, should a field of it not be fit to be sent. */
function checkEarlyAnswer(owner: TapOwner, answer: Response | undefined): Response | undefined {
  if (answer === undefined) return undefined;
  if (!isResponse(answer)) throw new PluginError(owner, 'answered with something that is no Response');
  checkFields(answer);
  return answer;
}

/** Collects the taps of one route while its plugins are applied, then compiles them. */
export class RouteHookTable {
  readonly #onRoute = new AsyncSeriesBailHook<[Exchange], Response | undefined>(['exchange'], 'onRoute');
  readonly #onResponse = new AsyncSeriesWaterfallHook<[Response, Exchange]>(
    ['response', 'exchange'],
    'onResponse',
  );
  readonly #onDone = new SyncHook<[Exchange]>(['exchange'], 'onDone');
  readonly #methods = new Set<string>();
  readonly #taps: Tap[] = [];
  readonly #patience: PatienceOf;

  constructor(patience: PatienceOf) {
    this.#patience = patience;
  }

  /** The facade for one plugin; `route` names the route and its configuration line in failures. */
  facade(plugin: string, route: string): RouteHooks {
    const owner = (hook: string): TapOwner => ({ plugin, hook, route });
    const routeOwner = owner('onRoute');
    const responseOwner = owner('onResponse');
    const doneOwner = owner('onDone');
    const onRoute = this.#onRoute;
    const onResponse = this.#onResponse;
    const onDone = this.#onDone;
    const remembered = (hook: keyof RouteHooks, options: RouteTapOptions) => {
      const tap = tapOptions(plugin, options);
      this.#taps.push({ plugin, hook, stage: tap.stage, methods: options.methods });
      return tap;
    };
    return {
      onRoute: {
        tap: (options, fn) => {
          const run = guarded(routeOwner, fn, checkAnswer);
          const only = this.#methodsOf(options);
          onRoute.tap(remembered('onRoute', options), (exchange) =>
            only === undefined || only.has(exchange.request.method) ? run(exchange) : undefined,
          );
        },
        tapPromise: (options, fn) => {
          const run = guardedPromise(
            routeOwner,
            fn,
            checkAnswer,
            routeLimit(this.#patience(options.timeout)),
          );
          const only = this.#methodsOf(options);
          onRoute.tapPromise(remembered('onRoute', options), (exchange) =>
            only === undefined || only.has(exchange.request.method) ? run(exchange) : nothing,
          );
        },
      },
      onResponse: {
        tap: (options, fn) =>
          onResponse.tap(remembered('onResponse', options), guarded(responseOwner, fn, requireAnswer)),
        tapPromise: (options, fn) =>
          onResponse.tapPromise(
            remembered('onResponse', options),
            guardedPromise(responseOwner, fn, requireAnswer, responseLimit(this.#patience(options.timeout))),
          ),
      },
      onDone: {
        tap: (options, fn) => onDone.tap(remembered('onDone', options), guarded(doneOwner, fn, ignoreAnswer)),
      },
    };
  }

  compile(): CompiledHooks {
    const onRoute = this.#onRoute;
    const onResponse = this.#onResponse;
    const onDone = this.#onDone;
    return Object.freeze({
      onRoute: onRoute.isUsed()
        ? (exchange: Exchange, done: Parameters<RouteCall>[1]) => onRoute.callAsync(exchange, done)
        : undefined,
      onResponse: onResponse.isUsed()
        ? (response: Response, exchange: Exchange, done: Parameters<ResponseCall>[2]) =>
            onResponse.callAsync(response, exchange, done)
        : undefined,
      onDone: onDone.isUsed() ? (exchange: Exchange) => onDone.call(exchange) : undefined,
      methods: this.#methods,
      taps: inOrder(this.#taps),
    });
  }

  #methodsOf(options: RouteTapOptions): ReadonlySet<string> | undefined {
    for (const method of options.methods ?? CONTENT_METHODS) this.#methods.add(method);
    return options.methods === undefined ? undefined : new Set(options.methods);
  }
}

/** The server-wide hooks of one running kernel. */
export class ServerHookTable {
  readonly #onConfig = new AsyncSeriesHook<[Config]>(['config'], 'onConfig');
  readonly #onRequest = new AsyncSeriesBailHook<[Request], Response | undefined>(['request'], 'onRequest');
  readonly #taps: Tap[] = [];
  readonly #patience: PatienceOf;

  constructor(patience: PatienceOf) {
    this.#patience = patience;
  }

  /** @see CompiledHooks.taps */
  get taps(): readonly Tap[] {
    return inOrder(this.#taps);
  }

  facade(plugin: string): ServerHooks {
    const configOwner: TapOwner = { plugin, hook: 'onConfig', route: undefined };
    const requestOwner: TapOwner = { plugin, hook: 'onRequest', route: undefined };
    const remembered = (hook: keyof ServerHooks, options: TapOptions) => {
      const tap = tapOptions(plugin, options);
      this.#taps.push({ plugin, hook, stage: tap.stage, methods: undefined });
      return tap;
    };
    return {
      onConfig: {
        tap: (options, fn) =>
          this.#onConfig.tap(remembered('onConfig', options), guarded(configOwner, fn, ignoreAnswer)),
        tapPromise: (options, fn) =>
          this.#onConfig.tapPromise(
            remembered('onConfig', options),
            guardedPromise(configOwner, fn, ignoreAnswer, undefined),
          ),
      },
      onRequest: {
        tap: (options, fn) =>
          this.#onRequest.tap(remembered('onRequest', options), guarded(requestOwner, fn, checkEarlyAnswer)),
        tapPromise: (options, fn) =>
          this.#onRequest.tapPromise(
            remembered('onRequest', options),
            guardedPromise(requestOwner, fn, checkEarlyAnswer, requestLimit(this.#patience(options.timeout))),
          ),
      },
    };
  }

  config(config: Config): Promise<void> {
    return this.#onConfig.promise(config);
  }

  compile(): RequestCall | undefined {
    const onRequest = this.#onRequest;
    return onRequest.isUsed() ? (request, done) => onRequest.callAsync(request, done) : undefined;
  }
}

/** Who waits that long; undefined where nobody has to: the plugin has bounds of its own. */
export type PatienceOf = (milliseconds: number | undefined) => Patience | undefined;

/** Changes while others have their turn: the client whose content is waited for, a route that is forwarded to. */
function turnOf(body: RequestBody, forwarding = false): unknown {
  return body.awaited || forwarding ? Symbol('the turn of another') : body.received;
}

function abandon(exchange: Exchange): void {
  exchange.abandon();
}

function discardLate(answer: Response | undefined): void {
  if (answer !== undefined && isResponse(answer)) discard(answer);
}

function routeLimit(
  patience: Patience | undefined,
): Limit<readonly [Exchange], Response | undefined> | undefined {
  return (
    patience && {
      patience,
      progress: ([{ request, forwarding }]) => turnOf(request.body, forwarding),
      abandon: ([exchange]) => abandon(exchange),
      late: discardLate,
    }
  );
}

function responseLimit(
  patience: Patience | undefined,
): Limit<readonly [Response, Exchange], Response> | undefined {
  return (
    patience && {
      patience,
      progress: () => undefined,
      abandon: ([, exchange]) => abandon(exchange),
      late: discardLate,
    }
  );
}

function requestLimit(
  patience: Patience | undefined,
): Limit<readonly [Request], Response | undefined> | undefined {
  return (
    patience && { patience, progress: ([{ body }]) => turnOf(body), abandon: () => {}, late: discardLate }
  );
}

const nothing: Promise<undefined> = Promise.resolve(undefined);

function ignoreAnswer(): void {}

/** Where stages are equal, the order of tapping counts: as tapable sorts. */
function inOrder(taps: readonly Tap[]): readonly Tap[] {
  return taps.toSorted((one, other) => one.stage - other.stage);
}

function tapOptions(plugin: string, options: TapOptions): { name: string; stage: number } {
  return { name: plugin, stage: options.stage ?? Stage.content };
}
