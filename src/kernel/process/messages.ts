import type { LogLevel } from '../log.js';
import type { Address } from '../net/listener.js';

/** What a master and its workers say to each other, as plain JSON. */

/** Where a worker gets its configuration from: each reads and compiles it itself, with fresh plugin code. */
export type Launch = {
  /** Whether reports are for a terminal with colours. */
  readonly colour: boolean;
} & (
  | { readonly kind: 'file'; readonly file: string; readonly prefix: string | undefined }
  | { readonly kind: 'text'; readonly text: string; readonly file: string; readonly base: string }
);

/** A worker serves. What the master needs to know of the configuration comes with it: it loads none itself. */
export interface Serving {
  readonly type: 'serving';
  /** The configuration's name, as shown to people. */
  readonly file: string;
  readonly addresses: readonly Address[];
  /** Every file the configuration was read from, plugins included; absolute. */
  readonly files: readonly string[];
  readonly workers: number;
  readonly pidFile: string | undefined;
  readonly errorLog: { readonly path: string | undefined; readonly level: LogLevel };
  /** How long a worker may take to finish what is in flight, in milliseconds. */
  readonly shutdownTimeout: number;
  /** Warnings about the configuration, rendered; empty when there are none. */
  readonly report: string;
}

export type FromWorker =
  | Serving
  /** It cannot serve; why, for people. It exits by itself. */
  | { readonly type: 'refused'; readonly report: string }
  /** Its event loop turns. */
  | { readonly type: 'alive' };

export type FromMaster =
  /** Finish what is in flight and exit. JSON has no Infinity: null is without bound. */
  | { readonly type: 'stop'; readonly graceMs: number | null }
  /** Open the log files anew. */
  | { readonly type: 'reopen' };

function hasType(message: unknown, types: readonly string[]): boolean {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  return typeof message.type === 'string' && types.includes(message.type);
}

/** Both ends are this very package, so the type tells the shape; anything else on the channel is not ours. */
export function isFromWorker(message: unknown): message is FromWorker {
  return hasType(message, ['serving', 'refused', 'alive']);
}

export function isFromMaster(message: unknown): message is FromMaster {
  return hasType(message, ['stop', 'reopen']);
}
