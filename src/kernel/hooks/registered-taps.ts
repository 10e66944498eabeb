import type { Tap } from '../contract/hooks.js';
import type { Response } from '../http/message.js';
import type { TappedExchange } from './tapped-exchange.js';

// Taps are written for what plugins see of an exchange; they are called with what the kernel knows of it as well.

/** A tap as its plugin registered it. What guards and bounds its calls is made when its route gets a request. */
interface Registered<Args extends readonly unknown[], Result> {
  readonly tap: Tap;
  /** Milliseconds; undefined: that of the route. */
  readonly timeout: number | undefined;
  /** Given to `tap`. */
  readonly plain: ((...args: Args) => Result) | undefined;
  /** Given to `tapPromise`. */
  readonly promised: ((...args: Args) => Promise<Result>) | undefined;
}

export interface RouteTap extends Registered<[TappedExchange], Response | undefined> {
  /**
   * Identifies a tap that may refuse: its number among those of its plugin, and the values of the plugin's directives. A
   * client request that passed it once need not pass it again.
   */
  readonly pass: { readonly number: number; readonly options: unknown } | undefined;
}

export type ResponseTap = Registered<[Response, TappedExchange], Response>;

export interface DoneTap {
  readonly tap: Tap;
  readonly plain: (exchange: TappedExchange) => void;
  /** It asks for requests without a route, too. */
  readonly refused: boolean;
}

/** The taps of one route, in the order of tapping. */
export interface RouteTaps {
  readonly onRoute: readonly RouteTap[];
  readonly onResponse: readonly ResponseTap[];
  readonly onDone: readonly DoneTap[];
}
