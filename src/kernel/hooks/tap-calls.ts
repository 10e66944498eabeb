import { Stage, type Tap } from '../contract/hooks.js';
import { boundedBody, emptyBody, type Response } from '../http/message.js';
import type { TapOwner } from '../http/tap-owner.js';
import { hasPassed, pass, type TappedExchange } from './tapped-exchange.js';

/** When a tap of `onRoute` is called, and what its call says about the exchange. */

type Call<Result> = (exchange: TappedExchange) => Result;

/**
 * Calls a tap for its methods only, and attributes to the call what is read from the request's body. What responds where
 * nothing else does (a listing) is not asked for an error page: a client that may see the page of an error may not see
 * what else is in its directory.
 * @param only undefined: every method
 * @param none what stands for a call that is left out
 */
export function callOf<Result>(
  { stage }: Tap,
  owner: TapOwner,
  only: ReadonlySet<string> | undefined,
  none: Result,
  run: Call<Result>,
): Call<Result> {
  const isFallback = stage >= Stage.fallback;
  return (exchange) => {
    if (only !== undefined && !only.has(exchange.request.method)) return none;
    if (isFallback && exchange.errorStatus !== undefined) return none;
    const body = exchange[boundedBody];
    if (body !== emptyBody) body.reader = { owner };
    return run(exchange);
  };
}

/** Whether a tap may refuse: then it is called again on a forward. */
export function checksAccess({ stage }: Tap): boolean {
  return stage >= Stage.limit && stage < Stage.handler;
}

/** @param tap the same for the same tap with equal options: a client request that passed it once is not checked again */
export function once(tap: string, run: Call<Response | undefined>): Call<Response | undefined> {
  return (exchange) => {
    if (exchange.origin !== undefined && exchange[hasPassed](tap)) return undefined;
    const result = run(exchange);
    if (result === undefined) exchange[pass](tap);
    return result;
  };
}

/** `once` for a tap that returns a promise. */
export function oncePromise(
  tap: string,
  run: Call<Promise<Response | undefined>>,
): Call<Promise<Response | undefined>> {
  return async (exchange) => {
    if (exchange.origin !== undefined && exchange[hasPassed](tap)) return undefined;
    const result = await run(exchange);
    if (result === undefined) exchange[pass](tap);
    return result;
  };
}
