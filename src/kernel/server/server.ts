import type { CompiledConfig } from '../config/compile/compiled-config.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { endpointsOf } from '../exchange/endpoints.js';
import type { Log } from '../log/log.js';
import type { MetricsRegistry } from '../metrics/metrics.js';
import type { ServedAddress } from '../net/address.js';
import { connectionBudget } from '../net/connection-budget.js';
import type { InheritedSockets } from '../net/inherited.js';
import { OwnSockets, type SocketSource } from '../net/socket-source.js';
import { workerAccount } from '../rights/account.js';
import type { KeyLog } from '../tls/key-log.js';
import { Acceptor } from './acceptor.js';
import { type Assembly, type AssemblyOptions, assemble } from './assembly.js';
import { measureCertificates } from './certificate-metrics.js';
import { handshakeCount, measureConnections } from './connection-metrics.js';

/** A server at work. */
export interface RunningServer {
  /** The bound addresses: port 0 is replaced by the actual port. */
  readonly addresses: readonly ServedAddress[];
  /** The metrics of this process. */
  readonly metrics: MetricsRegistry;
  /** The warnings of the plugins about the configuration. */
  readonly warnings: readonly Diagnostic[];
  /** The plugins with taps of onRequest: they act on every route. */
  readonly answering: ReadonlySet<string>;
  /** Open client connections now. */
  connections(): number;
  /** Closes this many connections, each after its next response, so that another process gets them. */
  shed(connections: number): void;
  /** Tells the plugins to reopen their log files. */
  reopen(): Promise<void>;
  /**
   * Stops accepting, lets what is in flight end within `graceMs` (30 s when left out), then cuts it; plugins are
   * disposed of last.
   * @param idleMs for how long nothing has to come on a connection before it is closed as idle: a request may be on its
   * way; none when left out
   */
  stop(graceMs?: number, idleMs?: number): Promise<void>;
}

export interface StartOptions extends AssemblyOptions {
  /** Existing listening sockets: a `listen` with the address of one is served on it. */
  readonly inherited?: InheritedSockets;
  /** Takes the addresses; this process does when left out. */
  readonly sockets?: SocketSource;
  /** Gets the secrets of TLS connections, for debugging. Closed when the server has stopped. */
  readonly keyLog?: KeyLog | undefined;
}

const DEFAULT_GRACE_MS = 30_000;

/** A server that is set up, and has not asked for its addresses yet. */
export interface PreparedServer {
  /** The warnings of the plugins about the configuration, and the parts that a replacement worker serves without. */
  readonly warnings: readonly Diagnostic[];
  /**
   * Binds all addresses and opens the logs: after this no right of root is needed. Releases everything on failure.
   * @throws ListenError, ConfigError
   */
  bind(): Promise<BoundServer>;
  /** It is not needed. */
  dispose(): Promise<void>;
}

/** A server that has its addresses, and accepts nothing there yet. */
export interface BoundServer {
  /** Starts the plugins and accepts connections. Releases everything on failure. @throws ListenError, ConfigError */
  serve(): Promise<RunningServer>;
  /** Opens the log files again. */
  reopen(): Promise<void>;
  /** It is not needed. */
  dispose(): Promise<void>;
}

/**
 * Sets a server up: plugins and routes. What was made before a failure is let go.
 * @throws ConfigError when a plugin refuses the configuration
 */
export async function prepare(
  config: CompiledConfig,
  log: Log,
  options: StartOptions = {},
): Promise<PreparedServer> {
  const assembly = await assemble(config, log, options);
  const { warnings, dispose } = assembly;
  return { warnings, bind: () => bind(config, log, assembly, options), dispose };
}

async function bind(
  config: CompiledConfig,
  log: Log,
  assembly: Assembly,
  { inherited, sockets = new OwnSockets(workerAccount(config.main.user)), keyLog }: StartOptions,
): Promise<BoundServer> {
  const { hooks, sites, metrics } = assembly;
  const endpoints = endpointsOf(
    config,
    sites.map(({ site }) => site),
  );
  const room = await connectionBudget(config.main.maxConnections);
  if (room.lowered !== undefined) log.warn(room.lowered);
  const acceptor = new Acceptor({
    room,
    log,
    onRequest: hooks.compile(),
    secure: assembly.secure,
    countHandshake: handshakeCount(metrics),
    keyLog,
  });
  measureConnections(acceptor, metrics);
  measureCertificates(assembly, metrics);
  const dispose = async (): Promise<void> => {
    await acceptor.close();
    await assembly.dispose();
  };
  try {
    await acceptor.bind(endpoints, sockets, inherited);
    await assembly.openLogs();
  } catch (error) {
    await dispose();
    throw error;
  }
  const serve = async (): Promise<RunningServer> => {
    try {
      await assembly.serve();
      await acceptor.accept();
    } catch (error) {
      await dispose();
      throw error;
    }
    return running(acceptor, assembly, sockets, keyLog);
  };
  return { serve, reopen: assembly.reopen, dispose };
}

function running(
  acceptor: Acceptor,
  { hooks, metrics, warnings, reopen, dispose }: Assembly,
  sockets: SocketSource,
  keyLog: KeyLog | undefined,
): RunningServer {
  return {
    addresses: acceptor.addresses,
    metrics,
    warnings,
    answering: new Set(hooks.taps.filter(({ hook }) => hook === 'onRequest').map(({ plugin }) => plugin)),
    connections: () => acceptor.connections,
    shed: (connections) => acceptor.shed(connections),
    reopen,
    stop: async (graceMs = DEFAULT_GRACE_MS, idleMs = 0) => {
      const stopped = acceptor.stop(graceMs, idleMs);
      sockets.release();
      await stopped;
      await dispose();
      await keyLog?.close();
    },
  };
}

/** Sets a server up and starts it. @throws ConfigError, ListenError */
export async function start(
  config: CompiledConfig,
  log: Log,
  options: StartOptions = {},
): Promise<RunningServer> {
  const prepared = await prepare(config, log, options);
  return (await prepared.bind()).serve();
}
