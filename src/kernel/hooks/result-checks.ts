import { problemOfResponse } from '../http/check-response.js';
import { checkFields } from '../http/field-rules.js';
import type { Request, Response } from '../http/message.js';
import { PluginError } from '../http/plugin-error.js';
import type { TapOwner } from '../http/tap-owner.js';
import type { Check } from './guard.js';
import { respondedBy, type TappedExchange } from './tapped-exchange.js';

/** Checks of the results of taps, for each hook. */

/** @throws PluginError for what cannot be sent */
function checkResponse(owner: TapOwner, result: Response): void {
  const problem = problemOfResponse(result);
  if (problem !== undefined) throw new PluginError(owner, problem);
}

/** A `Response`, or undefined to pass the exchange on. */
export const routeResult: Check<readonly [TappedExchange], Response | undefined> = {
  returned(owner, result, [exchange]) {
    if (result === undefined) return undefined;
    checkResponse(owner, result);
    exchange[respondedBy] = owner;
    return result;
  },
  failed(owner, [exchange]) {
    exchange[respondedBy] = owner;
  },
};

/** Nothing but a `Response`. */
export const responseResult: Check<readonly [Response, TappedExchange], Response> = {
  returned(owner, result, [before, exchange]) {
    checkResponse(owner, result); // the same value may have been changed
    if (result !== before) exchange[respondedBy] = owner;
    return result;
  },
  failed(owner, [, exchange]) {
    exchange[respondedBy] = owner;
  },
};

/** The tap that responded to a request without an exchange, for the message if the response breaks off. */
const earlyOwners = new WeakMap<Response, TapOwner>();

export function earlyOwner(response: Response): TapOwner | undefined {
  return earlyOwners.get(response);
}

/** Without an exchange, only this check can name the tap whose response has an invalid field. */
export const requestResult: Check<readonly [Request], Response | undefined> = {
  returned(owner, result) {
    if (result === undefined) return undefined;
    checkResponse(owner, result);
    checkFields(result);
    earlyOwners.set(result, owner);
    return result;
  },
};

/** Accepts every result. */
export const anyResult: Check<readonly [unknown], void> = { returned() {} };
