import type { Exchange } from './exchange.js';
import { isResponse, PluginError, type TapOwner } from './guard.js';
import { checkFields } from './http/writer.js';
import type { Response } from './message.js';

/** What each hook takes from a tap. */

/** A `Response`, or undefined to pass the exchange on. @throws PluginError */
export function checkAnswer(
  owner: TapOwner,
  answer: Response | undefined,
  [exchange]: readonly [Exchange],
): Response | undefined {
  if (answer === undefined) return undefined;
  if (!isResponse(answer)) throw new PluginError(owner, 'answered with something that is no Response');
  exchange.answeredBy = owner;
  return answer;
}

/** Nothing but a `Response`. @throws PluginError */
export function requireAnswer(
  owner: TapOwner,
  answer: Response,
  [before, exchange]: readonly [Response, Exchange],
): Response {
  if (!isResponse(answer)) throw new PluginError(owner, 'must answer with a Response');
  if (answer !== before) exchange.answeredBy = owner;
  return answer;
}

/** There is no exchange yet that could tell who answered, should a field of it not be fit to be sent. */
export function checkEarlyAnswer(owner: TapOwner, answer: Response | undefined): Response | undefined {
  if (answer === undefined) return undefined;
  if (!isResponse(answer)) throw new PluginError(owner, 'answered with something that is no Response');
  checkFields(answer);
  return answer;
}

/** Whatever it is. */
export function ignoreAnswer(): void {}
