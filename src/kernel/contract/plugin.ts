import type { Diagnostic, Place } from '../diagnostics/diagnostic.js';
import type { Log } from '../log/log.js';
import type { LogFile } from '../log/log-file.js';
import type { LogDescription } from '../log/log-files.js';
import type { Metrics } from '../metrics/metrics.js';
import type { RootMapping } from '../path/url-path.js';
import type { ServerConfig } from './config.js';
import type { DirectiveTable, OptionsOf, OptionValues } from './directive.js';
import type { RouteHooks, ServerHooks } from './hooks.js';
import type { Offers } from './offers.js';
import type { RouteView } from './route-view.js';
import type { ScriptNames } from './script.js';
import type { VariableTable } from './variables.js';

/**
 * Context of `setup`: once per server process, before the routes are built. Nothing must be started yet: see {@link
 * Lifecycle}.
 */
export interface SetupContext<Options> {
  /** The values of the main block. */
  readonly options: Options;
  /** The hooks of the whole server, to tap. */
  readonly hooks: ServerHooks;
  /** Registers the metrics that this plugin counts. */
  readonly metrics: Metrics;
  /** The error log. Begin a line with the plugin's name. */
  readonly log: Log;
  /**
   * Whether `test` holds for the plugin's options in any route of the configuration: servers, their locations, and extension
   * locations as they act inside other locations.
   */
  usedAnywhere(test: (options: Options) => boolean): boolean;
  /**
   * The plugin's options in the same routes, each with the root it goes with. An extension location that comes to the same in
   * many locations is given once.
   */
  configuredRoutes(): Iterable<ConfiguredRoute<Options>>;
  /**
   * Tells the taps of `onChanged` that a file or directory was changed through this server. Call it before the response says
   * so: the client's next request may be for that file. Other worker processes are not told.
   * @param path absolute; of a directory, anything below it may have changed
   * @throws TypeError for a path that is not absolute
   */
  changed(path: string): void;
}

/** A route as the configuration describes it, before any route is built. */
export interface ConfiguredRoute<Options> {
  /** The plugin's values there, inherited and checked. */
  readonly options: Options;
  /** The directory of `root` and the URL prefix it is mapped to; undefined without a root. */
  readonly root: RootMapping | undefined;
}

/** Context of `apply`: once per route, when the configuration is loaded. */
export interface ApplyContext<Options, State> {
  /** This route's values, inherited and checked. */
  readonly options: Options;
  /** The value that `setup` returned. */
  readonly state: State;
  /** The hooks of this route, to tap. Tapping one later than in `apply` throws. */
  readonly hooks: RouteHooks;
  /** The route that the plugin is applied to. */
  readonly route: RouteView;
  /** The `server` block that the route belongs to: one of the servers that `onConfig` got. */
  readonly server: ServerConfig;
  /** The error log. Begin a line with the plugin's name. */
  readonly log: Log;
  /**
   * Describes a log file. The kernel opens it before the server gives up the rights of root, opens it again when logs are
   * rotated, and closes it after `dispose`. Every route that describes the same path gets the same file.
   */
  logFile(description: LogDescription): LogFile;
  /**
   * Where this route's block uses a directive of this plugin, for messages; undefined where it is inherited.
   * @param word one of its arguments as written, when that is what the message is about
   */
  placeOf(directive: keyof Options & string, word?: string): Place | undefined;
  /** @see SetupContext.changed */
  changed(path: string): void;
  /** Tells other plugins something about this route: they ask by `route.offers(name)`. */
  announce<Name extends keyof Offers>(name: Name, value: Offers[Name]): void;
  /** Says that something is doubtful but may be served: shown with the configuration's other diagnostics. */
  warn(finding: Finding): void;
  /**
   * Reports that something outside the configuration is missing, such as a file or directory. A start or reload is
   * rejected for it, as by `refuse`. A replacement worker logs it and serves: `apply` continues, and the plugin's taps
   * respond with 5xx to requests that need the missing part until it is restored.
   * @returns whether this worker serves all the same
   */
  lack(finding: Finding): boolean;
  /** Refuses the configuration, with everything else that is wrong with it. Nothing is served with one. */
  refuse(finding: Finding): void;
}

/** How a plugin runs files as programs. Where it does, paths with something behind the file's name belong to it too. */
export interface ScriptRunner<Options> {
  /**
   * The files it runs with these options; `off` where the configuration says that none run, undefined where it says
   * nothing. The kernel finds the file that a request names, and gives it to the plugin as `exchange.script`.
   */
  names(options: Options): ScriptNames | 'off' | undefined;
  /** The directive that takes the scripts of the blocks around away, for hints: `cgi off;`. */
  readonly off: string;
}

/** A finding of a plugin about the configuration. */
export interface Finding extends Omit<Diagnostic, 'severity'> {
  /** A code from the plugin's `codes`. */
  readonly code: string;
}

/**
 * Steps of the server's life that the state returned by `setup` can handle: `serve`, then `reopen` any number of times,
 * then `dispose`. Only `dispose` is certain: a configuration that is only checked is set up, applied and disposed of,
 * and must leave no trace.
 */
export interface Lifecycle {
  /**
   * The server is about to accept connections, and the rights of root have been given up: starts timers, threads and
   * sweeps, makes and deletes files. What it throws refuses the start.
   */
  serve?(): void | Promise<void>;
  /** Called when the server stops: releases its resources. */
  dispose?(): void | Promise<void>;
  /** SIGUSR1: log files were moved away. Those of `logFile` are opened again by the kernel; this is for other files. */
  reopen?(): void | Promise<void>;
}

/** Argument of `definePlugin`: the whole of a plugin. An unknown property is an error. */
export interface PluginDefinition<Table extends DirectiveTable, Made> {
  /** Lower case, words joined with dashes; the name `load_plugin` knows it by. */
  readonly name: string;
  /** The contract it was written for; the current one when left out. */
  readonly apiVersion?: number;
  /** Its whole configuration surface. */
  readonly directives?: Table;
  /** The `$name`s it adds to what directive arguments may use. */
  readonly variables?: VariableTable;
  /** For a plugin that runs files as programs. */
  readonly scripts?: ScriptRunner<OptionsOf<Table>>;
  /** The codes of its findings, each with what it means; for the documentation. They stay the same over versions. */
  readonly codes?: Readonly<Record<string, string>>;
  /**
   * Once a server process: taps server-wide hooks, makes state shared by the routes. It starts nothing: what the `serve`,
   * `reopen` and `dispose` methods of the state are for is in {@link Lifecycle}. The state, or a promise of it, may be any
   * value. Methods of an object literal may use `this` where `setup` is written as a method and is not async; else write a class.
   */
  setup?(context: SetupContext<OptionsOf<Table>>): Made;
  /** Once a route. It starts nothing, and makes, changes and deletes no file. Tap nothing where the route does not want the plugin: then it costs nothing there. */
  apply?(context: ApplyContext<OptionsOf<Table>, Awaited<Made>>): void | Promise<void>;
}

/** A plugin with its option types folded away: what the kernel holds. Made by `definePlugin` only. */
export interface Plugin {
  /** As in its definition. */
  readonly name: string;
  /** The `API_VERSION` it was written for; another one than the server's is refused when it is loaded. */
  readonly apiVersion: number;
  /** Its directives by name; empty without any. */
  readonly directives: DirectiveTable;
  /** The codes of its findings, each with its meaning. */
  readonly codes: Readonly<Record<string, string>>;
  /** The variables it adds, by name without the `$`. */
  readonly variables: VariableTable;
  /** How it runs files as programs; undefined where it runs none. */
  readonly scripts: ScriptRunner<OptionValues> | undefined;
  /** Sets the plugin up for one server process; the result applies it to routes. */
  start(context: SetupContext<OptionValues>): Promise<RunningPlugin>;
}

export interface RunningPlugin {
  /** A promise only where there is something to wait for. */
  apply(context: Omit<ApplyContext<OptionValues, unknown>, 'state'>): void | Promise<void>;
  serve(): Promise<void>;
  dispose(): Promise<void>;
  reopen(): Promise<void>;
}
