import { problemOfResponse } from '../http/check-response.js';
import { discard } from '../http/discard.js';
import type { Request, RequestBody, Response } from '../http/message.js';
import type { Limit } from './guard.js';
import type { TimeoutGroup } from './tap-timeout.js';
import { abandon, isForwarding, type TappedExchange } from './tapped-exchange.js';

/** Returns the group for a timeout; undefined where the plugin has limits of its own. */
export type TimeoutGroupOf = (milliseconds: number | undefined) => TimeoutGroup | undefined;

/** Changes while others have their turn: the client whose content is waited for, a route that is forwarded to. */
function turnOf(body: RequestBody, forwarding = false): unknown {
  return body.awaited || forwarding ? Symbol('the turn of another') : body.received;
}

function discardLate(result: Response | undefined): void {
  if (result !== undefined && problemOfResponse(result) === undefined) discard(result);
}

export function routeLimit(
  timeoutGroup: TimeoutGroup | undefined,
): Limit<readonly [TappedExchange], Response | undefined> | undefined {
  return (
    timeoutGroup && {
      timeoutGroup,
      progress: ([exchange]) => turnOf(exchange.request.body, exchange[isForwarding]),
      abandon: ([exchange]) => exchange[abandon](),
      late: discardLate,
    }
  );
}

export function responseLimit(
  timeoutGroup: TimeoutGroup | undefined,
): Limit<readonly [Response, TappedExchange], Response> | undefined {
  return (
    timeoutGroup && {
      timeoutGroup,
      progress: () => undefined,
      abandon: ([, exchange]) => exchange[abandon](),
      late: discardLate,
    }
  );
}

export function requestLimit(
  timeoutGroup: TimeoutGroup | undefined,
): Limit<readonly [Request], Response | undefined> | undefined {
  return (
    timeoutGroup && {
      timeoutGroup,
      progress: ([{ body }]) => turnOf(body),
      abandon: () => {},
      late: discardLate,
    }
  );
}
