import type { ConfigSnapshot } from '../kernel/config/files/config-files.js';
import type { Watched } from '../kernel/config/files/watched.js';
import type { LogLevel } from '../kernel/log/log.js';
import type { MetricFamily } from '../kernel/metrics/metrics.js';
import type { Address } from '../kernel/net/address.js';
import type { Account } from '../kernel/rights/account.js';
import type { InheritedSocket } from './inherited-socket.js';
import type { SocketWish } from './sockets.js';

/** What a master and its workers say to each other, as plain JSON. */

/** Where a server gets its configuration from: each worker reads and compiles it itself, with fresh plugin code. */
export type Launch = {
  /** Whether reports are for a terminal with colours. */
  readonly colour: boolean;
  /** Every request is traced, whatever the configuration says. */
  readonly trace: boolean;
} & (
  | { readonly kind: 'file'; readonly file: string; readonly prefix: string | undefined }
  | { readonly kind: 'text'; readonly text: string; readonly file: string; readonly base: string }
);

/** What a worker is started with, in its environment. */
export interface Order {
  readonly launch: Launch;
  /** The texts of the configuration come as a message, and the files are not read. */
  readonly fromSnapshot: boolean;
  /** It sets everything up and then waits until it is told to serve: it is to take the place of one that dies. */
  readonly standby: boolean;
  /**
   * It takes the place of a worker that served, now or later: it serves without what has gone since the start. The workers
   * of a start or a reload refuse.
   */
  readonly successor: boolean;
  /** See working-directory.ts. */
  readonly workingDirectory: string | undefined;
  /** The sockets it has from the service manager, by way of the master: under the same numbers in every process. */
  readonly inherited: readonly InheritedSocket[];
}

/** A worker serves. What the master needs to know of the configuration comes with it: it loads none itself. */
export interface Serving {
  readonly type: 'serving';
  /** The configuration's name, as shown to people. */
  readonly file: string;
  readonly addresses: readonly Address[];
  readonly watched: Watched;
  readonly workers: number;
  readonly pidFile: string | undefined;
  readonly errorLog: { readonly path: string | undefined; readonly level: LogLevel };
  /** The files the worker has opened as logs; absolute. */
  readonly logs: readonly string[];
  /** What the worker runs as; undefined when that is what the master runs as. */
  readonly account: Account | undefined;
  /** How long a worker may take to finish what is in flight, in milliseconds. */
  readonly shutdownTimeout: number;
  /** Warnings about the configuration, rendered; empty when there are none. */
  readonly report: string;
  /** The same, one by one and without colour: from a successor's the master logs those that it does not know. */
  readonly warnings: readonly string[];
  /** For the other workers of this generation; undefined when this one has it from the master, or it is too large. */
  readonly snapshot: ConfigSnapshot | undefined;
}

export type FromWorker =
  /** It listens to messages, and waits for the snapshot it was promised. */
  | { readonly type: 'ready' }
  /** It needs an address. */
  | { readonly type: 'bind'; readonly id: number; readonly wish: SocketWish }
  /** It has all addresses it needs, and is about to give up its rights. */
  | { readonly type: 'sealed'; readonly account: Account | undefined }
  /** It accepts nowhere any more. */
  | { readonly type: 'released' }
  /** It could serve, and waits for the word; with warnings as in Serving. */
  | { readonly type: 'standing by'; readonly warnings: readonly string[] }
  | Serving
  /** It cannot serve; why, for people. It exits by itself. */
  | { readonly type: 'refused'; readonly report: string; readonly watched: Watched | undefined }
  /** Its event loop turns; so many client connections are open. */
  | { readonly type: 'alive'; readonly connections: number }
  /** It was asked for the numbers of the whole server; its own are these. */
  | { readonly type: 'gather'; readonly id: number; readonly own: readonly MetricFamily[] }
  /** Its own numbers, as asked for. */
  | { readonly type: 'counted'; readonly round: number; readonly families: readonly MetricFamily[] };

export type FromMaster =
  /** What the configuration's files were when the first worker of the generation read them. */
  | { readonly type: 'snapshot'; readonly snapshot: ConfigSnapshot }
  /** The socket that was asked for comes with it, or why there is none. */
  | {
      readonly type: 'bound';
      readonly id: number;
      readonly problem?: { readonly code: string; readonly message: string };
    }
  /** Listen and serve: to one that stands by. */
  | { readonly type: 'serve' }
  /** Finish what is in flight and exit. JSON has no Infinity: null is without bound. */
  | { readonly type: 'stop'; readonly graceMs: number | null; readonly idleMs: number }
  /** Let so many connections go, with their next answers: this worker has more than its share. */
  | { readonly type: 'shed'; readonly connections: number }
  /** Open the log files anew. */
  | { readonly type: 'reopen' }
  /** Tell what you have counted. */
  | { readonly type: 'count'; readonly round: number }
  /** What the others have counted. */
  | { readonly type: 'gathered'; readonly id: number; readonly families: readonly MetricFamily[] };

function hasType(message: unknown, types: readonly string[]): boolean {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  return typeof message.type === 'string' && types.includes(message.type);
}

/** Both ends are this very package, so the type tells the shape; anything else on the channel is not ours. */
export function isFromWorker(message: unknown): message is FromWorker {
  return hasType(message, [
    'ready',
    'bind',
    'sealed',
    'released',
    'standing by',
    'serving',
    'refused',
    'alive',
    'gather',
    'counted',
  ]);
}

export function isFromMaster(message: unknown): message is FromMaster {
  return hasType(message, ['snapshot', 'bound', 'serve', 'stop', 'shed', 'reopen', 'count', 'gathered']);
}
