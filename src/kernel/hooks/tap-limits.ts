import type { Exchange } from '../exchange/exchange.js';
import { problemOfResponse } from '../http/check-response.js';
import { discard } from '../http/discard.js';
import type { Request, RequestBody, Response } from '../http/message.js';
import type { Limit } from './guard.js';
import type { Patience } from './tap-timeout.js';

/** Who waits that long; undefined where nobody has to: the plugin has bounds of its own. */
export type PatienceOf = (milliseconds: number | undefined) => Patience | undefined;

/** Changes while others have their turn: the client whose content is waited for, a route that is forwarded to. */
function turnOf(body: RequestBody, forwarding = false): unknown {
  return body.awaited || forwarding ? Symbol('the turn of another') : body.received;
}

function abandon(exchange: Exchange): void {
  exchange.abandon();
}

function discardLate(answer: Response | undefined): void {
  if (answer !== undefined && problemOfResponse(answer) === undefined) discard(answer);
}

export function routeLimit(
  patience: Patience | undefined,
): Limit<readonly [Exchange], Response | undefined> | undefined {
  return (
    patience && {
      patience,
      progress: ([{ request, forwarding }]) => turnOf(request.body, forwarding),
      abandon: ([exchange]) => abandon(exchange),
      late: discardLate,
    }
  );
}

export function responseLimit(
  patience: Patience | undefined,
): Limit<readonly [Response, Exchange], Response> | undefined {
  return (
    patience && {
      patience,
      progress: () => undefined,
      abandon: ([, exchange]) => abandon(exchange),
      late: discardLate,
    }
  );
}

export function requestLimit(
  patience: Patience | undefined,
): Limit<readonly [Request], Response | undefined> | undefined {
  return (
    patience && { patience, progress: ([{ body }]) => turnOf(body), abandon: () => {}, late: discardLate }
  );
}
