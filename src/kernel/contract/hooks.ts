import type { Request, Response } from '../http/message.js';
import type { Config } from './config.js';
import type { Exchange } from './exchange.js';

/**
 * The order of taps inside one hook. The gaps are wide, so that a plugin can be placed between two: `Stage.access +
 * 10`.
 */
export const Stage = {
  /** Changes where the request goes before access is checked: redirects. */
  rewrite: 100,
  /** Refuses what is too much, before passwords are checked: rates, connections. */
  limit: 150,
  /**
   * Refuses who may not, never responds with content: authentication, addresses. On an internal forward (an index file,
   * `try_files`, an error page) a tap from `limit` up to `handler` is called again, unless the same tap has let this
   * client request pass: the same plugin with equal values of its directives.
   */
  access: 200,
  /** Responds by doing something: CGI, uploads. Before content, so that a script is run and not sent. */
  handler: 300,
  /** Responds with existing content: static files. */
  content: 400,
  /** Responds if no other tap did: a directory listing. */
  fallback: 500,
} as const;

/** Options of every tap. */
export interface TapOptions {
  /** Where in the hook's order; `Stage.content` when left out. */
  readonly stage?: number;
  /**
   * How long the promise of a `tapPromise` may take, in milliseconds, instead of `plugin_timeout`; Infinity where the
   * plugin has bounds of its own. The time in which a client's content is waited for does not count.
   */
  readonly timeout?: number;
}

/** Options of a tap of `onRoute`. */
export interface RouteTapOptions extends TapOptions {
  /**
   * The methods this tap is called for and responds to: `Allow` lists them if the route has no `methods` directive.
   * Default: every method.
   */
  readonly methods?: readonly string[];
  /**
   * False for a tap that only observes or rejects: its methods then do not count as supported. Default: false in the
   * stages from `limit` up to `handler`, otherwise true.
   */
  readonly answers?: boolean;
}

/** Options of a tap of `onDone`. */
export interface DoneTapOptions extends TapOptions {
  /**
   * True to call the tap also for requests that ended before they had a route: rejected (400, 408, 414, 431, 505 and
   * the like), or with a response from `onRequest`. It gets the exchange by the route of the address's default server;
   * `exchange.refused` is set, and `exchange.request` has the method `-`, the path `/` and no fields.
   */
  readonly refused?: boolean;
}

/** A tap with a plain function: for decisions that need no I/O. It costs no promise. */
export interface Tappable<Options, Args extends readonly unknown[], Result> {
  /** Adds a function that returns its result. A promise that it returns is a bug of the plugin, and reported. */
  tap(options: Options, fn: (...args: Args) => Result): void;
  /** Adds a function that returns a promise; it must settle within `plugin_timeout`, or within `timeout`. */
  tapPromise(options: Options, fn: (...args: Args) => Promise<Result>): void;
}

/** The hooks of one route, for a plugin's `apply`. */
export interface RouteHooks {
  /** The first `Response` wins; `undefined` passes the exchange on. */
  readonly onRoute: Tappable<RouteTapOptions, [Exchange], Response | undefined>;
  /** The `Response` to send instead, or the same one. Error pages pass here too. */
  readonly onResponse: Tappable<TapOptions, [Response, Exchange], Response>;
  /** When the last byte is out or the connection is lost; `exchange.outcome` is set. */
  readonly onDone: Pick<Tappable<DoneTapOptions, [Exchange], void>, 'tap'>;
}

/** The server-wide hooks, for a plugin's `setup`: once per server process. */
export interface ServerHooks {
  /** The compiled configuration before anything serves. Throw a `ConfigError` to refuse it. */
  readonly onConfig: Tappable<TapOptions, [Config], void>;
  /** Every request before it has a route. A `Response` ends it; `undefined` goes on. */
  readonly onRequest: Tappable<TapOptions, [Request], Response | undefined>;
  /**
   * A file or directory was changed through this server, by a plugin that says so with `changed`. Taps get its absolute path;
   * of a directory, anything below it may have changed. What remembers files compares them with the disk again.
   */
  readonly onChanged: Pick<Tappable<TapOptions, [path: string], void>, 'tap'>;
}

/** A tap, for commands that explain a configuration; dispatch does not use it. */
export interface Tap {
  readonly plugin: string;
  readonly hook: keyof RouteHooks | keyof ServerHooks;
  readonly stage: number;
  /** undefined: called for every method. */
  readonly methods: readonly string[] | undefined;
}

/** Where stages are equal, the order of tapping counts: as tapable sorts. */
export function inOrder(taps: readonly Tap[]): readonly Tap[] {
  return taps.toSorted((one, other) => one.stage - other.stage);
}

/** Hooks stay as they are once they are in use: what is tapped later would hold for some requests, or for none. */
export function tooLate(plugin: string, hook: string): Error {
  return new Error(`plugin "${plugin}" taps ${hook} after setup and apply: it is too late`);
}
