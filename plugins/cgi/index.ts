import {
  definePlugin,
  type Exchange,
  flag,
  HotCache,
  HttpError,
  type Log,
  oneOf,
  type Response,
  Stage,
} from '@webserv/server';
import {
  type Command,
  commands,
  type ProcessLimit,
  processLimit,
  processTimeout,
  scriptNames,
  variables,
} from './directives.js';
import { type EnvironmentOptions, environment } from './environment.js';
import type { Interpreters } from './interpreter.js';
import { clientPathHasNul, type LocateOptions, locate, type Runnable } from './locate.js';
import { respond } from './respond.js';
import { Scripts } from './scripts.js';
import { spool } from './spool.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Methods that change nothing (RFC 9110 §9.2.1): a script that one of these runs is taken to change no file. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A frequently requested script is located once a second: that takes seven trips to the thread pool. */
const RECENT = { validMs: 1000, threshold: 3, maxKeys: 1000 };

interface RunOptions extends LocateOptions, EnvironmentOptions {
  readonly recent: HotCache<Runnable>;
  readonly timeoutMs: number;
  readonly limit: ProcessLimit;
  /** Tells other plugins that files below the root may have changed. */
  readonly changed: () => void;
}

/**
 * Handles a request for a script, from locating its file to the response; returns undefined when the request is not for
 * a script.
 */
async function runScript(
  exchange: Exchange,
  options: RunOptions,
  scripts: Scripts,
  log: Log,
): Promise<Response | undefined> {
  const found = await recentScript(exchange, options);
  if (found === undefined) return undefined;
  // Not checked in `locate`, whose result is cached by the script's path, however the request arrived there.
  if (clientPathHasNul(exchange)) throw new HttpError(400);
  const { script, workingDirectory, command } = found;
  const { file: name } = script;
  const { timeoutMs, limit } = options;
  const input = await spool(exchange.request.body);
  try {
    const invocation = {
      command: [...command, name],
      workingDirectory,
      environment: environment(exchange, script, input.size, options),
      input,
    };
    const logLine = (line: string): void => log.error(`${name}: ${line}`);
    const running = await scripts.start(limit, { invocation, logLine, signal: exchange.signal });
    if (!SAFE.has(exchange.request.method)) {
      // The client may ask for what the script wrote when it has the response; the script may write on after that.
      exchange.own({ close: options.changed });
      running.exited.then(options.changed);
    }
    const end = (): void => (exchange.route.ignoreClientAbort ? running.detach(timeoutMs) : running.close());
    const warn = (message: string): void => {
      const text = `${name}: ${message}`;
      if (scripts.warnings.take(text)) log.warn(text);
    };
    return respond(exchange, { script: running, name, timeoutMs, warn, budget: scripts.output, end });
  } finally {
    await input.close();
  }
}

/** Returns the script located a moment ago, or locates it now. */
async function recentScript(exchange: Exchange, options: RunOptions): Promise<Runnable | undefined> {
  const { path } = exchange.request;
  const kept = options.recent.get(path);
  if (kept !== undefined) return kept;
  const madeAt = performance.now();
  const found = await locate(exchange, options);
  if (found !== undefined) options.recent.set(path, found, madeAt);
  return found;
}

/** Resolves bare names of interpreters to files. One that is missing now may be installed before a script needs it. */
async function withPrograms(
  configured: ReadonlyMap<string, Command>,
  interpreters: Interpreters,
  missing: (extension: string, program: string) => void,
): Promise<ReadonlyMap<string, Command>> {
  const found = new Map<string, Command>();
  for (const [extension, command] of configured) {
    const [name, ...rest] = command;
    const program = name === undefined ? undefined : await interpreters.find(name);
    if (name !== undefined && program === undefined) missing(extension, name);
    found.set(extension, program === undefined ? command : [program, ...rest]);
  }
  return found;
}

export default definePlugin({
  name: 'cgi',
  directives: {
    cgi: commands,
    cgi_timeout: processTimeout,
    cgi_path_info: oneOf(['rest', 'full', 'off'], {
      default: 'rest',
      help: 'sets PATH_INFO of scripts: rest, the path after the script; full, the whole path; off responds 404 when anything follows',
      example: 'cgi_path_info off;',
    }),
    cgi_require_file: flag({
      default: true,
      help: 'responds 404 when the script’s file does not exist; off starts its interpreter anyway',
      example: 'cgi_require_file off;',
    }),
    cgi_env: variables,
    cgi_max_processes: processLimit,
  },
  scripts: { names: ({ cgi }) => scriptNames(cgi), off: 'cgi off;' },
  codes: { 'cgi-interpreter': 'warning: the interpreter of scripts was not found' },
  setup: ({ metrics }) => new Scripts(metrics),
  async apply({ options, state, hooks, route, log, changed, placeOf, warn }) {
    const names = scriptNames(options.cgi);
    const { root } = route;
    if (names === undefined || names === 'off' || root === undefined) return;
    const runOptions: RunOptions = {
      recent: new HotCache(RECENT),
      commands: await withPrograms(options.cgi, state.interpreters, (extension, program) => {
        const place = placeOf('cgi', program);
        if (place === undefined) return; // reported where the directive is written
        const message = `cgi ${extension}: program "${program}" not found`;
        const hint = 'install it, or write its full path; until then requests for these scripts get 500';
        warn({ code: 'cgi-interpreter', message, place, hint });
      }),
      requireFile: options.cgi_require_file,
      pathInfo: options.cgi_path_info,
      variables: options.cgi_env,
      timeoutMs: options.cgi_timeout,
      limit: options.cgi_max_processes,
      changed: () => changed(root.directory),
    };
    // The wait for a slot and `cgi_timeout` limit the time of a script.
    const timeout = Number.POSITIVE_INFINITY;
    hooks.onRoute.tapPromise({ stage: Stage.handler, methods: METHODS, timeout }, (exchange) =>
      runScript(exchange, runOptions, state, log),
    );
  },
});
