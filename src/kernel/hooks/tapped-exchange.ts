import type { Exchange } from '../contract/exchange.js';
import type { BoundedBody, boundedBody } from '../http/message.js';
import type { TapOwner } from '../http/tap-owner.js';

/**
 * Keys of what the kernel notes about an exchange. They are symbols that the public entry does not export: a plugin in plain
 * JavaScript finds no such name on the exchange.
 */
export const respondedBy = Symbol('respondedBy');
export const isForwarding = Symbol('isForwarding');
export const hasPassed = Symbol('hasPassed');
export const pass = Symbol('pass');
export const abandon = Symbol('abandon');

/** An exchange as the kernel calls taps with it: what plugins see, and what the kernel notes about their calls. */
export interface TappedExchange extends Exchange {
  readonly origin: TappedExchange | undefined;
  readonly final: TappedExchange;
  /** The same body as the request's. */
  readonly [boundedBody]: BoundedBody;
  /** The tap whose response it has, named in errors that show when the response is sent. */
  [respondedBy]: TapOwner | undefined;
  /** True while it waits for another route's response. */
  readonly [isForwarding]: boolean;
  /** Whether a tap has let this client request pass, here or before it was forwarded. */
  [hasPassed](tap: string): boolean;
  /** Notes that a tap lets the client request pass. Does nothing where the tap is called for an error page. */
  [pass](tap: string): void;
  /** Called when the tap that responds takes too long: aborts the signal. The exchange goes on to its end. */
  [abandon](): void;
}
