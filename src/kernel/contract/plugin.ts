import type { Diagnostic, Place } from '../diagnostics/diagnostic.js';
import { nearest } from '../diagnostics/suggest.js';
import type { Log } from '../log/log.js';
import type { LogFile } from '../log/log-file.js';
import type { LogDescription } from '../log/log-files.js';
import type { Metrics } from '../metrics/metrics.js';
import type { DirectiveTable, OptionsOf, OptionValues } from './directive.js';
import type { RouteHooks, ServerHooks } from './hooks.js';
import type { Offers } from './offers.js';
import type { RouteView } from './route-view.js';
import type { ScriptNames } from './script.js';
import { type VariableTable, variablePrefixes } from './variables.js';

/** The version of the contract between kernel and plugins. It changes when a working plugin would stop to work. */
export const API_VERSION = 1;

/** What `setup` gets: once a server process, before the routes are built. Nothing is to be started yet: see {@link Lifecycle}. */
export interface SetupContext<Options> {
  /** The values of the main block. */
  readonly options: Options;
  /** The hooks of the whole server, to tap. */
  readonly hooks: ServerHooks;
  /** Registers the metrics that this plugin counts. */
  readonly metrics: Metrics;
  /** The error log. Begin a line with the plugin's name. */
  readonly log: Log;
}

/** What `apply` gets: once a route, when the configuration is loaded. */
export interface ApplyContext<Options, State> {
  /** This route's values, inherited and checked. */
  readonly options: Options;
  /** What `setup` returned. */
  readonly state: State;
  /** The hooks of this route, to tap. Tapping one later than in `apply` throws. */
  readonly hooks: RouteHooks;
  /** The route that the plugin is applied to. */
  readonly route: RouteView;
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
  /** Tells other plugins something about this route: they ask by `route.offers(name)`. */
  announce<Name extends keyof Offers>(name: Name, value: Offers[Name]): void;
  /** Says that something is doubtful but may be served: shown with the configuration's other diagnostics. */
  warn(finding: Finding): void;
  /**
   * Says that something outside of the configuration is missing: a file, a directory. A start and a reload are refused for
   * it, as by `refuse`. A worker that takes the place of another one logs it and serves: `apply` goes on, and what it taps
   * answers with 5xx what cannot be done without that, until it is there again.
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

/** What a plugin found about the configuration. */
export interface Finding extends Omit<Diagnostic, 'severity'> {
  /** One of the plugin's `codes`. */
  readonly code: string;
}

/**
 * What state that `setup` made may do when the server's life changes: `serve`, then `reopen` any number of times, then
 * `dispose`. Only `dispose` is certain: a configuration that is checked is set up, applied and disposed of, and must leave
 * no trace.
 */
export interface Lifecycle {
  /**
   * The server is about to accept connections, and the rights of root have been given up: starts timers, threads and
   * sweeps, makes and deletes files. What it throws refuses the start.
   */
  serve?(): void | Promise<void>;
  /** The server stops: lets go of what it holds. */
  dispose?(): void | Promise<void>;
  /** SIGUSR1: log files were moved away. Those of `logFile` are opened again by the kernel; this is for other files. */
  reopen?(): void | Promise<void>;
}

/** Argument of `definePlugin`: the whole of a plugin. An unknown property is an error. */
export interface PluginDefinition<Table extends DirectiveTable, State> {
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
   * Once a server process: tap server-wide hooks, make state shared by the routes. It starts nothing: what its `serve`,
   * `reopen` and `dispose` methods are for is in {@link Lifecycle}.
   */
  setup?(context: SetupContext<OptionsOf<Table>>): State | Promise<State>;
  /** Once a route. It starts nothing, and makes, changes and deletes no file. Tap nothing where the route does not want the plugin: then it costs nothing there. */
  apply?(context: ApplyContext<OptionsOf<Table>, State>): void | Promise<void>;
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
  /** Sets the plugin up for one server process; the answer applies it to routes. */
  start(context: SetupContext<OptionValues>): Promise<RunningPlugin>;
}

export interface RunningPlugin {
  /** A promise only where there is something to wait for. */
  apply(context: Omit<ApplyContext<OptionValues, unknown>, 'state'>): void | Promise<void>;
  serve(): Promise<void>;
  dispose(): Promise<void>;
  reopen(): Promise<void>;
}

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const WORD = /^[a-z][a-z0-9_]*$/;

function hasMethod<Name extends keyof Lifecycle>(
  state: unknown,
  name: Name,
): state is Required<Pick<Lifecycle, Name>> {
  if (typeof state !== 'object' || state === null) return false;
  return name in state && typeof Reflect.get(state, name) === 'function';
}

/** Everything a definition may have; a name that is none of these would do nothing. */
const KEYS: Readonly<Record<keyof PluginDefinition<DirectiveTable, unknown>, 'function' | 'data'>> = {
  name: 'data',
  apiVersion: 'data',
  directives: 'data',
  variables: 'data',
  codes: 'data',
  setup: 'function',
  apply: 'function',
  scripts: 'data',
};

/** @throws TypeError for what is no part of a definition, and for a step that cannot be called */
function checkKeys(definition: object): void {
  const name = 'name' in definition ? String(definition.name) : '';
  for (const [key, value] of Object.entries(definition)) {
    const kind = Object.entries(KEYS).find(([known]) => known === key)?.[1];
    if (kind === undefined) {
      const meant = nearest(key, Object.keys(KEYS));
      const hint =
        meant === undefined ? `expected one of ${Object.keys(KEYS).join(', ')}` : `did you mean "${meant}"?`;
      throw new TypeError(`plugin "${name}" has an unknown property "${key}": ${hint}`);
    }
    if (kind === 'function' && value !== undefined && typeof value !== 'function') {
      throw new TypeError(`plugin "${name}": "${key}" must be a function, got ${typeof value}`);
    }
  }
}

/** @throws TypeError for names that could not be written, or looked up */
function checkNames<Table extends DirectiveTable, State>(definition: PluginDefinition<Table, State>): void {
  const { name, directives = {}, variables = {}, codes = {} } = definition;
  if (!NAME.test(name)) throw new TypeError(`plugin name "${name}": use lower case words joined with dashes`);
  const check = (kind: string, names: readonly string[], form: RegExp, joint: string): void => {
    const wrong = names.find((one) => !form.test(one));
    if (wrong === undefined) return;
    throw new TypeError(`plugin "${name}", ${kind} "${wrong}": use lower case words joined with ${joint}`);
  };
  check('directive', Object.keys(directives), WORD, 'underscores');
  check('variable', Object.keys(variables), WORD, 'underscores');
  check('code', Object.keys(codes), NAME, 'dashes');
  const taken = Object.keys(variables).find((one) =>
    Object.keys(variablePrefixes).some((p) => one.startsWith(p)),
  );
  if (taken !== undefined)
    throw new TypeError(`plugin "${name}", variable "${taken}": that is a request's own`);
}

/** A plugin that still shows its table, so that `defineConfig` can be typed by it. */
export interface DefinedPlugin<Table extends DirectiveTable> extends Plugin {
  /** Its directives by name, with their types. */
  readonly directives: Table;
}

/** For a definition without directives. */
const noDirectives = {};

/** Makes a plugin. Its directives' types become the types of `options` in `setup` and `apply`. */
export function definePlugin<const Table extends DirectiveTable = typeof noDirectives, State = undefined>(
  definition: PluginDefinition<Table, State>,
): DefinedPlugin<Table> {
  checkKeys(definition);
  checkNames(definition);
  return Object.freeze({
    name: definition.name,
    apiVersion: definition.apiVersion ?? API_VERSION,
    directives: typed<Table, Table>(definition.directives ?? noDirectives),
    codes: definition.codes ?? {},
    variables: definition.variables ?? {},
    scripts: runnerOf<Table>(definition.scripts),
    async start(context: SetupContext<OptionValues>) {
      const state = (await definition.setup?.(
        typed<Table, SetupContext<OptionsOf<Table>>>(context),
      )) as State;
      return {
        apply: (route) =>
          definition.apply?.(typed<Table, ApplyContext<OptionsOf<Table>, State>>({ ...route, state })),
        serve: async () => {
          if (hasMethod(state, 'serve')) await state.serve();
        },
        dispose: async () => {
          if (hasMethod(state, 'dispose')) await state.dispose();
        },
        reopen: async () => {
          if (hasMethod(state, 'reopen')) await state.reopen();
        },
      } satisfies RunningPlugin;
    },
  });
}

/**
 * The registry line: the loader fills each option from the same table its type comes from, which the compiler
 * cannot follow through a record keyed by name.
 */
function typed<_Table extends DirectiveTable, Typed>(context: unknown): Typed {
  return context as Typed;
}

function runnerOf<Table extends DirectiveTable>(
  runner: ScriptRunner<OptionsOf<Table>> | undefined,
): ScriptRunner<OptionValues> | undefined {
  if (runner === undefined) return undefined;
  return { names: (options) => runner.names(typed<Table, OptionsOf<Table>>(options)), off: runner.off };
}
