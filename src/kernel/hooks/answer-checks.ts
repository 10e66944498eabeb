import { problemOfResponse } from '../http/check-response.js';
import { checkFields } from '../http/field-rules.js';
import type { Request, Response } from '../http/message.js';
import { PluginError } from '../http/plugin-error.js';
import type { TapOwner } from '../http/tap-owner.js';
import type { Check } from './guard.js';
import { answeredBy, type TappedExchange } from './tapped-exchange.js';

/** Checks of the results of taps, for each hook. */

/** @throws PluginError for what cannot be sent */
function checkResponse(owner: TapOwner, answer: Response): void {
  const problem = problemOfResponse(answer);
  if (problem !== undefined) throw new PluginError(owner, problem);
}

/** A `Response`, or undefined to pass the exchange on. */
export const routeAnswer: Check<readonly [TappedExchange], Response | undefined> = {
  answered(owner, answer, [exchange]) {
    if (answer === undefined) return undefined;
    checkResponse(owner, answer);
    exchange[answeredBy] = owner;
    return answer;
  },
  failed(owner, [exchange]) {
    exchange[answeredBy] = owner;
  },
};

/** Nothing but a `Response`. */
export const responseAnswer: Check<readonly [Response, TappedExchange], Response> = {
  answered(owner, answer, [before, exchange]) {
    checkResponse(owner, answer); // the same value may have been changed
    if (answer !== before) exchange[answeredBy] = owner;
    return answer;
  },
  failed(owner, [, exchange]) {
    exchange[answeredBy] = owner;
  },
};

/** The tap that responded to a request without an exchange, for the message if the response breaks off. */
const earlyOwners = new WeakMap<Response, TapOwner>();

export function earlyOwner(response: Response): TapOwner | undefined {
  return earlyOwners.get(response);
}

/** Without an exchange, only this check can name the tap whose response has an invalid field. */
export const requestAnswer: Check<readonly [Request], Response | undefined> = {
  answered(owner, answer) {
    if (answer === undefined) return undefined;
    checkResponse(owner, answer);
    checkFields(answer);
    earlyOwners.set(answer, owner);
    return answer;
  },
};

/** Accepts every result. */
export const anyAnswer: Check<readonly [unknown], void> = { answered() {} };
