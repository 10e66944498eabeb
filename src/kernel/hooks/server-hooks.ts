import { isAbsolute } from 'node:path';
import { AsyncSeriesBailHook, AsyncSeriesHook, SyncHook } from 'tapable';
import type { Config, TraceMode } from '../contract/config.js';
import { inOrder, type ServerHooks, type Tap, type TapOptions, tooLate } from '../contract/hooks.js';
import { describeError } from '../diagnostics/error-text.js';
import { boundedBody, type IncomingRequest, type Response } from '../http/message.js';
import type { TapOwner } from '../http/tap-owner.js';
import type { Log } from '../log/log.js';
import type { HookSettings } from './compiled-hooks.js';
import { guarded, guardedPromise } from './guard.js';
import { anyResult, requestResult } from './result-checks.js';
import { requestLimit, type TimeoutGroupOf } from './tap-limits.js';
import { tapOf } from './tap-options.js';
import { report, requestLook, traced, tracedPromise } from './trace.js';

export type RequestCall = (
  request: IncomingRequest,
  done: (error?: Error | null, response?: Response) => void,
) => void;

/** The server-wide hooks of one running kernel. */
export class ServerHookTable {
  readonly #onConfig = new AsyncSeriesHook<[Config]>(['config'], 'onConfig');
  readonly #onRequest = new AsyncSeriesBailHook<[IncomingRequest], Response | undefined>(
    ['request'],
    'onRequest',
  );
  readonly #onChanged = new SyncHook<[path: string]>(['path'], 'onChanged');
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

  /** @see CompiledHooks.taps */
  get taps(): readonly Tap[] {
    return inOrder(this.#taps);
  }

  facade(plugin: string): ServerHooks {
    const configOwner: TapOwner = { plugin, hook: 'onConfig', route: undefined };
    const requestOwner: TapOwner = { plugin, hook: 'onRequest', route: undefined };
    const changedOwner: TapOwner = { plugin, hook: 'onChanged', route: undefined };
    const isTraced = this.#trace !== 'off';
    const remember = (hook: keyof ServerHooks, options: TapOptions): Tap => {
      if (this.#compiled) throw tooLate(plugin, hook);
      const tap = tapOf(plugin, hook, options);
      this.#taps.push(tap);
      return tap;
    };
    const reading =
      <Result>(run: (request: IncomingRequest) => Result) =>
      (request: IncomingRequest): Result => {
        request[boundedBody].reader = { owner: requestOwner };
        return run(request);
      };
    const named = ({ stage }: Tap): { name: string; stage: number } => ({ name: plugin, stage });
    return {
      onConfig: {
        tap: (options, fn) =>
          this.#onConfig.tap(named(remember('onConfig', options)), guarded(configOwner, fn, anyResult)),
        tapPromise: (options, fn) =>
          this.#onConfig.tapPromise(
            named(remember('onConfig', options)),
            guardedPromise(configOwner, fn, anyResult, undefined),
          ),
      },
      onRequest: {
        tap: (options, fn) => {
          const tap = remember('onRequest', options);
          const run = guarded(requestOwner, fn, requestResult);
          this.#onRequest.tap(named(tap), reading(isTraced ? traced(tap, requestLook, run) : run));
        },
        tapPromise: (options, fn) => {
          const tap = remember('onRequest', options);
          const limit = requestLimit(this.#timeoutGroup(options.timeout));
          const run = guardedPromise(requestOwner, fn, requestResult, limit);
          this.#onRequest.tapPromise(
            named(tap),
            reading(isTraced ? tracedPromise(tap, requestLook, run) : run),
          );
        },
      },
      onChanged: {
        tap: (options, fn) => {
          const run = guarded<[string], void>(changedOwner, fn, anyResult);
          this.#onChanged.tap(named(remember('onChanged', options)), (path) => {
            // The plugin that raised it is not to blame, and the other taps must hear it too.
            try {
              run(path);
            } catch (error) {
              this.#log.error(`${path} was changed: ${describeError(error)}`);
            }
          });
        },
      },
    };
  }

  /** @see SetupContext.changed */
  changed(path: string): void {
    if (typeof path !== 'string' || !isAbsolute(path))
      throw new TypeError(`changed() takes an absolute path, got ${JSON.stringify(path)}`);
    this.#onChanged.call(path);
  }

  config(config: Config): Promise<void> {
    return this.#onConfig.promise(config);
  }

  compile(): RequestCall | undefined {
    this.#compiled = true;
    const onRequest = this.#onRequest;
    if (!onRequest.isUsed()) return undefined;
    if (this.#trace === 'off') return (request, done) => onRequest.callAsync(request, done);
    return (request, done) =>
      onRequest.callAsync(request, (error, response) => {
        // A request with a route is reported when its exchange ends.
        if (error) report(request, 'before it had a route: failed', this.#log);
        else if (response !== undefined)
          report(request, `before it had a route: ${response.status}`, this.#log);
        done(error, response);
      });
  }
}
