import { preview } from '../assembly.js';
import type { Config } from '../config/compile.js';
import type { ConfigSnapshot } from '../config/config-files.js';
import { displayPath } from '../config/display-path.js';
import { loadConfig, loadConfigText } from '../config/load.js';
import { renderDiagnostics } from '../config/render.js';
import { createLog, fileTarget, type LogTarget, stderrTarget } from '../error-log.js';
import { ConfigError } from '../errors.js';
import { counted, reasonOf } from '../failure.js';
import { prepare, type RunningServer } from '../kernel.js';
import type { Log } from '../log.js';
import { logFilePaths } from '../log-file.js';
import { InheritedSockets } from '../net/inherited.js';
import type { Plugin } from '../plugin.js';
import { culpritFinder } from './culprit.js';
import { Gatherer } from './gathering.js';
import { STANDBY_TITLE, WORKER_TITLE } from './identity.js';
import { type FromWorker, isFromMaster, type Launch, type Order } from './messages.js';
import { dropPrivileges, type Owner, unknownUser } from './privileges.js';

/** How often a worker says that its event loop turns. */
export const HEARTBEAT_MS = 1000;
/** What a worker whose master died gives its clients and scripts. */
const ORPHAN_GRACE_MS = 3000;

function tell(message: FromWorker): void {
  process.send?.(message);
}

/** Sends the last message and waits until the channel has it. */
function tellAndExit(message: FromWorker): void {
  if (process.send === undefined) process.exit(1);
  process.send(message, () => process.exit(1));
}

/** One worker's life: loads, serves until it is told to stop or its master is gone, exits. */
export async function runWorker(order: Order, builtins: readonly Plugin[]): Promise<void> {
  if (!order.standby) process.title = WORKER_TITLE;
  const early = endWhileStarting();
  const { launch } = order;
  const { colour } = launch;
  const given = order.fromSnapshot ? await receiveSnapshot() : undefined;
  const { config, source, diagnostics } = await loadLaunch(launch, builtins, given);
  const report = diagnostics.length === 0 ? '' : renderDiagnostics(diagnostics, { colour });
  if (config === undefined) {
    const name = displayPath(launch.file);
    tellAndExit({
      type: 'refused',
      report: `${report}webserv: ${name} cannot be used: ${counted(diagnostics)}\n`,
    });
    return;
  }
  const { errorLog, user } = config.main;
  const unknown = unknownUser(user);
  if (unknown !== undefined) {
    tellAndExit({ type: 'refused', report: `${report}webserv: ${unknown}\n` });
    return;
  }
  const target = errorLog.path === undefined ? stderrTarget() : fileTarget(errorLog.path);
  const log = createLog(errorLog.level, target);
  surviveFaults(log, culpritFinder(source?.plugins ?? []));
  const gatherer = new Gatherer(tell);
  const inherited = await InheritedSockets.find(order.inherited);
  let server: RunningServer | undefined;
  let owner: Owner | undefined;
  const beat = (): void => tell({ type: 'alive', connections: server?.connections() ?? 0 });
  try {
    const prepared = await prepare(config, log, {
      inherited,
      trace: launch.trace,
      gather: (own) => gatherer.gather(own),
    });
    // One that stands by too: it has to be known whether it could take a place.
    setInterval(beat, HEARTBEAT_MS).unref();
    if (order.standby) await wordToServe();
    server = await prepared.listen();
    owner = dropPrivileges(user, log);
  } catch (error) {
    await target.close();
    tellAndExit({ type: 'refused', report: report + refusal(error, colour) });
    return;
  }
  early.over();
  obey(server, target, gatherer);
  const warned = server.warnings.length === 0 ? '' : renderDiagnostics(server.warnings, { colour });
  const { files = [], snapshot } = source ?? {};
  tell({
    type: 'serving',
    report: report + warned + idleSockets(inherited),
    ...summary(config, server),
    files,
    logs: logFilePaths(),
    owner,
    snapshot,
  });
}

/** Whoever connects there is not served, and not refused either. */
function idleSockets({ unused }: InheritedSockets): string {
  return unused
    .map((socket) => `webserv: warning: an inherited socket is not used, for no listen names it: ${socket}\n`)
    .join('');
}

/** Nothing is in flight in a worker that does not serve yet: it need not finish anything. */
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

/** A message that comes before somebody listens is lost: the master sends it when it is told that somebody does. */
function receiveSnapshot(): Promise<ConfigSnapshot> {
  return new Promise((resolve) => {
    const take = (message: unknown): void => {
      if (!isFromMaster(message) || message.type !== 'snapshot') return;
      process.off('message', take);
      resolve(message.snapshot);
    };
    process.on('message', take);
    tell({ type: 'ready' });
  });
}

/** The one whose place it takes has died: from here on every millisecond counts. */
function wordToServe(): Promise<void> {
  return new Promise((resolve) => {
    const take = (message: unknown): void => {
      if (!isFromMaster(message) || message.type !== 'serve') return;
      process.off('message', take);
      process.title = WORKER_TITLE;
      resolve();
    };
    process.on('message', take);
    process.title = STANDBY_TITLE;
    tell({ type: 'standing by' });
  });
}

function loadLaunch(launch: Launch, builtins: readonly Plugin[], snapshot: ConfigSnapshot | undefined) {
  const options = { builtins, preview, ...(snapshot === undefined ? {} : { snapshot }) };
  if (launch.kind === 'text') {
    return loadConfigText(launch.text, { ...options, file: launch.file, base: launch.base });
  }
  const { file, prefix } = launch;
  return loadConfig(file, { ...options, ...(prefix === undefined ? {} : { prefix }) });
}

/** Why a configuration without mistakes of its own cannot be served: a plugin refuses it, or an address is taken. */
function refusal(error: unknown, colour: boolean): string {
  if (!(error instanceof ConfigError)) return `webserv: ${reasonOf(error)}\n`;
  const { diagnostics } = error;
  return `${renderDiagnostics(diagnostics, { colour })}webserv: the configuration cannot be used: ${counted(diagnostics)}\n`;
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

function obey(server: RunningServer, target: LogTarget, gatherer: Gatherer): void {
  let stopping = false;
  const stop = async (graceMs: number, idleMs = 0): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await server.stop(graceMs, idleMs);
    await target.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop(ORPHAN_GRACE_MS));
  // The master is gone, by kill -9 too: nobody would stop or replace this worker any more.
  process.on('disconnect', () => void stop(ORPHAN_GRACE_MS));
  process.on('message', (message) => {
    if (!isFromMaster(message)) return;
    if (message.type === 'stop') void stop(message.graceMs ?? Number.POSITIVE_INFINITY, message.idleMs);
    else if (message.type === 'shed') server.shed(message.connections);
    else if (message.type === 'gathered') gatherer.gathered(message.id, message.families);
    else if (message.type === 'count') {
      tell({ type: 'counted', round: message.round, families: server.metrics.families() });
    } else if (message.type === 'reopen') {
      target.reopen();
      void server.reopen();
    }
  });
}

/**
 * A fault outside of any request (a plugin's timer, a forgotten promise, an exchange used after its end) is logged with
 * the plugin whose code it came out of; the worker serves on.
 */
function surviveFaults(log: Log, culpritOf: (fault: Error) => string | undefined): void {
  process.on('uncaughtException', (fault) => {
    const culprit = culpritOf(fault);
    const who = culprit === undefined ? '' : `plugin "${culprit}", `;
    log.error(`${who}outside of any request: ${fault.stack ?? fault.message}`);
  });
}
