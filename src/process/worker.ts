import { forgetDirectives } from '../kernel/config/compile/forget-directives.js';
import { type LoadOptions, loadConfig, loadConfigText } from '../kernel/config/files/load.js';
import { keptPlugins } from '../kernel/config/modules/kept-plugin.js';
import { pageForNginx } from '../kernel/config/nginx/page.js';
import type { Config } from '../kernel/contract/config.js';
import { ConfigError } from '../kernel/diagnostics/config-error.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { displayPath } from '../kernel/diagnostics/display-path.js';
import { describeError } from '../kernel/diagnostics/error-text.js';
import { merged } from '../kernel/diagnostics/findings.js';
import { renderDiagnostic, renderDiagnostics } from '../kernel/diagnostics/render.js';
import { createLog, fileTarget, type LogTarget, stderrTarget } from '../kernel/log/error-log.js';
import type { Log } from '../kernel/log/log.js';
import { logFilePaths } from '../kernel/log/open-log-file.js';
import { InheritedSockets } from '../kernel/net/inherited.js';
import { workerAccount } from '../kernel/rights/account.js';
import { streamsInUse } from '../kernel/rights/inherited-stream.js';
import { preview } from '../kernel/server/assembly.js';
import { rightsOfWorkers } from '../kernel/server/prerequisites.js';
import { prepare, type RunningServer } from '../kernel/server/server.js';
import { counted, startFailure } from '../kernel/server/start-failure.js';
import { openKeyLog } from '../kernel/tls/key-log.js';
import { blameFinder } from './blame.js';
import { compactHeap } from './compact-heap.js';
import { STANDBY_TITLE, WORKER_TITLE } from './identity.js';
import { MasterKeys } from './master-keys.js';
import { replyOfMaster } from './master-reply.js';
import { MasterSockets } from './master-sockets.js';
import { type FromWorker, type Given, isFromMaster, type Launch, type Order } from './messages.js';
import { MetricsClient } from './metrics-aggregator.js';
import { dropPrivileges } from './privileges.js';
import { closeDescriptors } from './stray-descriptors.js';

/** Interval of a worker's heartbeats. */
export const HEARTBEAT_MS = 1000;
/** Time a worker whose master died gives its clients and scripts. */
const ORPHAN_GRACE_MS = 3000;

function tell(message: FromWorker): void {
  process.send?.(message);
}

/** Sends the last message and exits once it has been written to the channel. */
function tellAndExit(message: FromWorker): void {
  if (process.send === undefined) process.exit(1);
  process.send(message, () => process.exit(1));
}

/**
 * Runs one worker: loads the configuration, serves until it is asked to stop or its master is gone, and exits.
 * @param own built-in plugins and entries of this package that configurations can use
 * @param stray descriptors that are closed once the configuration has been read
 */
export async function runWorker(
  order: Order,
  own: Pick<LoadOptions, 'builtins' | 'entries'>,
  stray: readonly number[],
): Promise<void> {
  if (!order.standby) process.title = WORKER_TITLE;
  const early = endWhileStarting();
  const { launch } = order;
  const { colour } = launch;
  const given = order.awaitsGiven ? await receiveGiven() : undefined;
  const { config, plugins, snapshot, sources, diagnostics, watched } = await loadForServing(
    launch,
    own,
    given,
  );
  const name = displayPath(launch.file);
  const files = sources.map(displayPath);
  const together = (more: readonly Diagnostic[]) => merged([...diagnostics, ...more], files);
  const shown = (found: readonly Diagnostic[]) =>
    found.length === 0 ? '' : `${renderDiagnostics(found, { colour })}${pageForNginx(found)}`;
  const each = (more: readonly Diagnostic[]) => together(more).map((found) => renderDiagnostic(found));
  const refuse = (found: readonly Diagnostic[]): void => {
    const conclusion = `webserv: ${name} cannot be used: ${counted(found)}\n`;
    tellAndExit({ type: 'refused', report: shown(found) + conclusion, watched });
  };
  if (config === undefined) {
    refuse(diagnostics);
    return;
  }
  const { errorLog, user } = config.main;
  const account = workerAccount(user);
  const target = errorLog.path === undefined ? stderrTarget() : fileTarget(errorLog.path, account);
  const log = createLog(errorLog.level, target);
  logUncaught(log, blameFinder(plugins));
  const metricsClient = new MetricsClient(tell);
  const inherited = await InheritedSockets.find(order.inherited);
  const sockets = new MasterSockets(account, tell);
  const keys = new MasterKeys(account, tell);
  let server: RunningServer | undefined;
  // Checked while this process still has root's rights.
  const keyLog = await openKeyLog(process.env.SSLKEYLOGFILE, config, account, log);
  const rights = [...(await rightsOfWorkers(config)), ...keyLog.warnings];
  const beat = (): void => tell({ type: 'alive', connections: server?.connections() ?? 0 });
  try {
    const prepared = await prepare(config, log, {
      inherited,
      sockets,
      keys,
      keyLog: keyLog.file,
      trace: launch.trace,
      successor: order.successor,
      everywhere:
        given?.snapshot &&
        new Set(given.snapshot.plugins.filter((each) => each.everywhere).map(({ name }) => name)),
      gather: (own) => metricsClient.gather(own),
    });
    forgetDirectives(config);
    compactHeap();
    const bound = await prepared.bind();
    sockets.seal();
    closeDescriptors(stray, streamsInUse());
    // Everything that follows (standby, plugin starts, requests) runs without root's rights.
    await undoOnError(bound.dispose, () => dropPrivileges(user, account, log));
    // Also on standby: the master must know whether this worker could take a place.
    setInterval(beat, HEARTBEAT_MS).unref();
    if (order.standby)
      await waitForServe(each([...prepared.warnings, ...rights]), () => reopenAll(target, bound));
    server = await bound.serve();
  } catch (error) {
    await target.close();
    // A plugin refuses the configuration, or an address is in use.
    if (error instanceof ConfigError) refuse(together(error.diagnostics));
    else {
      const report = `${shown(diagnostics)}webserv: ${startFailure(error)}\n`;
      tellAndExit({ type: 'refused', report, watched });
    }
    return;
  }
  early.over();
  obey(server, target, metricsClient);
  const warnings = [...server.warnings, ...rights];
  tell({
    type: 'serving',
    report: shown(together(warnings)) + idleSockets(inherited),
    warnings: each(warnings),
    ...summary(config, server),
    watched,
    logs: logFilePaths(),
    account: account?.uid === process.getuid?.() ? account : undefined,
    snapshot: snapshot && { ...snapshot, plugins: keptPlugins(plugins, config, server.answering) },
  });
}

/** Clients that connect to such a socket are neither served nor refused. */
function idleSockets({ unused }: InheritedSockets): string {
  return unused
    .map(
      (socket) =>
        `webserv: warning: an inherited socket is not used because no listen directive names it: ${socket}\n`,
    )
    .join('');
}

/** A worker that does not serve yet has no open requests: it exits immediately. */
function endWhileStarting(): { over(): void } {
  const obey = (message: unknown): void => {
    if (isFromMaster(message) && message.type === 'stop') process.exit(0);
  };
  const orphaned = (): void => process.exit(1);
  process.on('message', obey);
  process.on('disconnect', orphaned);
  return {
    over: () => {
      process.off('message', obey);
      process.off('disconnect', orphaned);
    },
  };
}

/** A message sent before the listener is attached is lost, so the master sends this one only after `ready`. */
function receiveGiven(): Promise<Given> {
  return replyOfMaster(
    () => tell({ type: 'ready' }),
    (message) => (message.type === 'given' ? message.given : undefined),
  );
}

/** Runs a step; if it throws, undoes what came before it. */
async function undoOnError(undo: () => Promise<void>, step: () => void): Promise<void> {
  try {
    step();
  } catch (error) {
    await undo();
    throw error;
  }
}

function reopenAll(target: LogTarget, server: Pick<RunningServer, 'reopen'>): void {
  target.reopen();
  void server.reopen();
}

/** Waits on standby for the message `serve`. Then a worker has died, and every millisecond counts. */
function waitForServe(warnings: readonly string[], reopen: () => void): Promise<void> {
  return new Promise((resolve) => {
    const take = (message: unknown): void => {
      if (!isFromMaster(message)) return;
      if (message.type === 'reopen') reopen();
      if (message.type !== 'serve') return;
      process.off('message', take);
      process.title = WORKER_TITLE;
      resolve();
    };
    process.on('message', take);
    process.title = STANDBY_TITLE;
    tell({ type: 'standing by', warnings });
  });
}

/** The parts of a configuration that a worker needs. The parsed text is not included: it is several times as large. */
async function loadForServing(...given: Parameters<typeof loadLaunch>) {
  const { config, source, diagnostics, watched } = await loadLaunch(...given);
  const { plugins = [], files: sources = [], snapshot } = source ?? {};
  return { config, plugins, sources, snapshot, diagnostics, watched };
}

function loadLaunch(
  launch: Launch,
  own: Pick<LoadOptions, 'builtins' | 'entries'>,
  given: Given | undefined,
) {
  const options = { ...own, preview, ...given };
  if (launch.kind === 'text') {
    return loadConfigText(launch.text, { ...options, file: launch.file, base: launch.base });
  }
  const { file, prefix } = launch;
  return loadConfig(file, { ...options, ...(prefix === undefined ? {} : { prefix }) });
}

function summary({ file, main }: Config, server: RunningServer) {
  return {
    file,
    addresses: server.addresses,
    workers: main.workers,
    pidFile: main.pidFile,
    errorLog: main.errorLog,
    shutdownTimeout: main.workerShutdownTimeout,
  };
}

function obey(server: RunningServer, target: LogTarget, metricsClient: MetricsClient): void {
  let stopping = false;
  const stop = async (graceMs: number, idleMs = 0): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await server.stop(graceMs, idleMs);
    await target.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop(ORPHAN_GRACE_MS));
  // The master is gone, possibly by kill -9: no process would stop or replace this worker any more.
  process.on('disconnect', () => void stop(ORPHAN_GRACE_MS));
  process.on('message', (message) => {
    if (!isFromMaster(message)) return;
    if (message.type === 'stop') void stop(message.graceMs ?? Number.POSITIVE_INFINITY, message.idleMs);
    else if (message.type === 'shed') server.shed(message.connections);
    else if (message.type === 'gathered') metricsClient.gathered(message.id, message.families);
    else if (message.type === 'count') {
      tell({ type: 'counted', round: message.round, families: server.metrics.families() });
    } else if (message.type === 'reopen') reopenAll(target, server);
  });
}

/**
 * Logs an error outside of any request (a plugin's timer, an unhandled rejection, an exchange used after its end) with
 * the plugin whose code threw it. The worker continues to serve.
 */
function logUncaught(log: Log, pluginOf: (stack: string) => string | undefined): void {
  // Node's types promise an Error, but any value can be thrown, including null.
  process.on('uncaughtException', (error: unknown) => {
    const text = describeError(error);
    const plugin = pluginOf(text);
    const source = plugin === undefined ? '' : `plugin "${plugin}", `;
    log.error(`${source}outside of any request: ${text}`);
  });
}
