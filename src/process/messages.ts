import type { ConfigSnapshot } from '../kernel/config/files/config-files.js';
import type { Watched } from '../kernel/config/files/watched.js';
import type { CompiledCode } from '../kernel/config/modules/compiler.js';
import type { CertificateOrigin } from '../kernel/contract/tls.js';
import type { LogLevel } from '../kernel/log/log.js';
import type { MetricFamily } from '../kernel/metrics/metrics.js';
import type { ServedAddress } from '../kernel/net/address.js';
import type { Account } from '../kernel/rights/account.js';
import type { KeyPair, KeyPairProblem } from '../kernel/tls/key-pair.js';
import type { InheritedSocket } from './inherited-socket.js';
import type { SocketWish } from './sockets.js';

/** Messages between a master and its workers, as plain JSON. */

/** Source of the server's configuration. Each worker reads and compiles it itself, with fresh plugin code. */
export type Launch = {
  /** Whether reports are for a terminal with colours. */
  readonly colour: boolean;
  /** Traces every request, regardless of the configuration. */
  readonly trace: boolean;
} & (
  | { readonly kind: 'file'; readonly file: string; readonly prefix: string | undefined }
  | { readonly kind: 'text'; readonly text: string; readonly file: string; readonly base: string }
);

/** Instructions for a worker process, in its environment. */
export interface Order {
  readonly launch: Launch;
  /** Whether a message of the master has what other workers read or compiled. */
  readonly awaitsGiven: boolean;
  /** Sets everything up and then waits for the message `serve`, to replace a worker that ends. */
  readonly standby: boolean;
  /**
   * Replaces a worker that served, now or later, and therefore serves even without resources that are missing since the
   * start. Workers of a start or a reload refuse to serve without them.
   */
  readonly successor: boolean;
  /** See working-directory.ts. */
  readonly workingDirectory: string | undefined;
  /** Sockets from the service manager, passed on by the master. Their descriptors are the same in every process. */
  readonly inherited: readonly InheritedSocket[];
}

/**
 * Results of other workers: the snapshot that the first worker of the generation took; or, for a first
 * worker, which reads the files itself, the code that the generation before it compiled.
 */
export interface Given {
  readonly snapshot?: ConfigSnapshot;
  readonly compiled?: CompiledCode;
}

/** Sent when a worker serves, with the settings the master needs: the master does not load the configuration itself. */
export interface Serving {
  readonly type: 'serving';
  /** Name of the configuration, as shown to people. */
  readonly file: string;
  readonly addresses: readonly ServedAddress[];
  readonly watched: Watched;
  readonly workers: number;
  readonly pidFile: string | undefined;
  readonly errorLog: { readonly path: string | undefined; readonly level: LogLevel };
  /** Absolute paths of the log files that the worker has opened. */
  readonly logs: readonly string[];
  /** Account the worker runs as; undefined when it is the master's. */
  readonly account: Account | undefined;
  /** Time a worker may take to finish open requests, in milliseconds. */
  readonly shutdownTimeout: number;
  /** Warnings about the configuration, rendered; empty when it has none. */
  readonly report: string;
  /** The same warnings, one by one and without colour. The master logs those of a replacement worker that are new. */
  readonly warnings: readonly string[];
  /**
   * For the other workers of this generation; undefined when this worker got it from the master, or when it is too
   * large.
   */
  readonly snapshot: ConfigSnapshot | undefined;
}

export type FromWorker =
  /** It listens to messages, and waits for what it is given. */
  | { readonly type: 'ready' }
  /** It needs a socket bound to an address. */
  | { readonly type: 'bind'; readonly id: number; readonly wish: SocketWish }
  /** It needs a certificate with its key. */
  | {
      readonly type: 'key-pair';
      readonly id: number;
      readonly origin: CertificateOrigin;
      readonly account: Account | undefined;
    }
  /** It needs the secret of the session tickets. */
  | { readonly type: 'ticket-secret' }
  /** It has all sockets and keys it needs, and is about to give up root's rights. */
  | { readonly type: 'sealed'; readonly account: Account | undefined }
  /** It no longer accepts connections. */
  | { readonly type: 'released' }
  /** It could serve, and waits for the message `serve`. Warnings as in {@link Serving}. */
  | { readonly type: 'standing by'; readonly warnings: readonly string[] }
  | Serving
  /** It cannot serve. `report` gives the reason, for people. It exits by itself. */
  | { readonly type: 'refused'; readonly report: string; readonly watched: Watched | undefined }
  /** Heartbeat: its event loop turns. `connections` counts its open client connections. */
  | { readonly type: 'alive'; readonly connections: number }
  /** It needs the metrics of the whole server; `own` are its own. */
  | { readonly type: 'gather'; readonly id: number; readonly own: readonly MetricFamily[] }
  /** Its own metrics, in response to `count`. */
  | { readonly type: 'counted'; readonly round: number; readonly families: readonly MetricFamily[] };

export type FromMaster =
  | { readonly type: 'given'; readonly given: Given }
  /** The requested socket comes with the message; `problem` says why it could not be bound. */
  | {
      readonly type: 'bound';
      readonly id: number;
      readonly problem?: { readonly code: string; readonly message: string };
    }
  /** The requested certificate with its key, or why there is none. */
  | { readonly type: 'key-pair'; readonly id: number; readonly pair: KeyPair }
  | { readonly type: 'no-key-pair'; readonly id: number; readonly problem: KeyPairProblem }
  /** A certificate was renewed. */
  | { readonly type: 'renewed'; readonly origin: CertificateOrigin; readonly pair: KeyPair }
  /** The secret of the session tickets, in Base64: at the start, and each time it changes. */
  | { readonly type: 'ticket-secret'; readonly secret: string }
  /** To a standby worker: listen and serve. */
  | { readonly type: 'serve' }
  /** Finish open requests and exit. JSON has no Infinity: a null `graceMs` means no limit. */
  | { readonly type: 'stop'; readonly graceMs: number | null; readonly idleMs: number }
  /** Close this many connections after their next responses: this worker has more than its share. */
  | { readonly type: 'shed'; readonly connections: number }
  /** Reopen the log files. */
  | { readonly type: 'reopen' }
  /** Send your metrics. */
  | { readonly type: 'count'; readonly round: number }
  /** Metrics of the other workers. */
  | { readonly type: 'gathered'; readonly id: number; readonly families: readonly MetricFamily[] };

function hasType(message: unknown, types: readonly string[]): boolean {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  return typeof message.type === 'string' && types.includes(message.type);
}

/** Both ends are this very package, so the type determines the shape. Anything else on the channel is not ours. */
export function isFromWorker(message: unknown): message is FromWorker {
  return hasType(message, [
    'ready',
    'bind',
    'key-pair',
    'ticket-secret',
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
  return hasType(message, [
    'given',
    'bound',
    'key-pair',
    'no-key-pair',
    'renewed',
    'ticket-secret',
    'serve',
    'stop',
    'shed',
    'reopen',
    'count',
    'gathered',
  ]);
}
