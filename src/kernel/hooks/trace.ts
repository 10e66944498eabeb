import type { Tap } from '../contract/hooks.js';
import { stageName } from '../contract/stage-name.js';
import { errorMessage } from '../diagnostics/error-text.js';
import type { Request, Response } from '../http/message.js';
import type { Log } from '../log/log.js';
import type { TappedExchange } from './tapped-exchange.js';

/** A call of a tap for one request. Times in milliseconds. */
interface Step {
  readonly tap: Tap;
  /** Since the request's first tap. */
  readonly at: number;
  readonly took: number;
  readonly decision: string;
}

/** Steps beyond these are not kept: ten forwards of a request meet no more. */
const MAX_STEPS = 500;

class Trace {
  readonly startedAt = performance.now();
  readonly #steps: Step[] = [];

  /** In the order they began: one that waits for others, as a forward does, is noted when it ends. */
  get steps(): readonly Step[] {
    return this.#steps.toSorted((one, other) => one.at - other.at);
  }

  add(tap: Tap, begun: number, decision: string): void {
    if (this.#steps.length >= MAX_STEPS) return;
    this.#steps.push({ tap, at: begun - this.startedAt, took: performance.now() - begun, decision });
  }
}

/** By the client's request: what is forwarded is a part of it. */
const traces = new WeakMap<Request, Trace>();

function traceOf(request: Request): Trace {
  const known = traces.get(request);
  if (known !== undefined) return known;
  const trace = new Trace();
  traces.set(request, trace);
  return trace;
}

/** The request as the client sent it. */
export function clientRequest(exchange: TappedExchange): Request {
  return exchange.origin === undefined ? exchange.request : clientRequest(exchange.origin);
}

/** Describes a call of a tap for the trace. */
export interface Look<Args extends readonly unknown[], Result> {
  request(args: Args): Request;
  decision(result: Result, args: Args): string;
}

/**
 * The details may contain a path or a secret, so they go to the log only; the part in front of them goes to the client,
 * too.
 */
const FAILED = 'failed';

function failure(error: unknown): string {
  return `${FAILED}: ${errorMessage(error)}`;
}

function shownToClient(decision: string): string {
  return decision.startsWith(FAILED) ? FAILED : decision;
}

/** The same tap, leaving a step in the trace of each request. */
export function traced<Args extends readonly unknown[], Result>(
  tap: Tap,
  look: Look<Args, Result>,
  run: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    const trace = traceOf(look.request(args));
    const begun = performance.now();
    try {
      const result = run(...args);
      trace.add(tap, begun, look.decision(result, args));
      return result;
    } catch (error) {
      trace.add(tap, begun, failure(error));
      throw error;
    }
  };
}

/** The same for a promise. */
export function tracedPromise<Args extends readonly unknown[], Result>(
  tap: Tap,
  look: Look<Args, Result>,
  run: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    const trace = traceOf(look.request(args));
    const begun = performance.now();
    try {
      const result = await run(...args);
      trace.add(tap, begun, look.decision(result, args));
      return result;
    } catch (error) {
      trace.add(tap, begun, failure(error));
      throw error;
    }
  };
}

export const routeLook: Look<readonly [TappedExchange], Response | undefined> = {
  request: ([exchange]) => clientRequest(exchange),
  decision: (result) => (result === undefined ? 'passed on' : `responded ${result.status}`),
};

export const responseLook: Look<readonly [Response, TappedExchange], Response> = {
  request: ([, exchange]) => clientRequest(exchange),
  decision: (result, [before]) => {
    if (result === before) return 'left as it was';
    return result.status === before.status ? 'changed' : `changed ${before.status} to ${result.status}`;
  },
};

export const doneLook: Look<readonly [TappedExchange], void> = {
  request: ([exchange]) => clientRequest(exchange),
  decision: () => 'noted',
};

export const requestLook: Look<readonly [Request], Response | undefined> = {
  request: ([request]) => request,
  decision: (result) => (result === undefined ? 'passed on' : `responded ${result.status}`),
};

let lastNumber = 0;

/** A line for the request, then one for each step. */
export function report(request: Request, ending: string, log: Log): void {
  lastNumber += 1;
  const name = `trace ${lastNumber}:`;
  log.info(`${name} ${request.method} ${request.target} ${ending}`);
  for (const { tap, at, took, decision } of traces.get(request)?.steps ?? []) {
    const when = `+${at.toFixed(2)} ms`.padStart(12);
    log.info(
      `${name} ${when}  ${tap.hook} ${stageName(tap.stage)}  ${tap.plugin}: ${decision}, ${took.toFixed(2)} ms`,
    );
  }
  traces.delete(request);
}

/** When an exchange has ended. */
export function reportExchange(exchange: TappedExchange, log: Log): void {
  const { outcome, final } = exchange;
  const how =
    outcome === undefined
      ? 'not ended'
      : `${outcome.status}, ${outcome.bytesSent} bytes, ${outcome.durationMs.toFixed(2)} ms${outcome.complete ? '' : ', cut off'}`;
  const forwarded = final === exchange ? '' : `, forwarded to ${final.route.name}`;
  report(exchange.request, `by ${exchange.route.name}${forwarded}: ${how}`, log);
}

/** Adds the steps so far to the response's `Server-Timing`. */
export function withServerTiming(response: Response, exchange: TappedExchange): Response {
  const trace = traces.get(clientRequest(exchange));
  if (trace === undefined) return response;
  const metrics = trace.steps.map(
    ({ tap, took, decision }) =>
      `${tap.plugin}-${tap.hook};dur=${took.toFixed(2)};desc="${shownToClient(decision)}"`,
  );
  metrics.push(`total;dur=${(performance.now() - trace.startedAt).toFixed(2)}`);
  return { ...response, headers: { ...response.headers, 'server-timing': metrics.join(', ') } };
}
