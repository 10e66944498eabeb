import { stderrTarget } from '../kernel/log/error-log.js';
import { formatAddress, type ServedAddress } from '../kernel/net/address.js';
import { packageDirectory } from '../package-directory.js';
import { takeInheritedSockets } from '../process/activation.js';
import { type FromSuccessor, takeHandover } from '../process/handover.js';
import { Master } from '../process/master.js';
import type { Launch } from '../process/messages.js';
import { ServiceManager } from '../process/service-manager.js';
import { EXIT } from './exit.js';
import { print } from './terminal.js';
import { packageVersion } from './version.js';

export interface SuperviseOptions {
  readonly launch: Launch;
  /** Name of what is served, for the message at the start; default: the configuration's name. */
  readonly name?: string;
  /** Reload when a file of the configuration changes. */
  readonly watch?: boolean;
}

/**
 * Serves until a signal stops it. SIGTERM and SIGINT finish open requests within `worker_shutdown_timeout`; a second
 * one forces the end. SIGQUIT finishes them without a time limit. SIGHUP reloads, SIGUSR1 reopens the logs, and SIGUSR2
 * starts the program that is installed now, which takes over.
 * @returns the exit code
 */
export async function supervise({ launch, name, watch = false }: SuperviseOptions): Promise<number> {
  // When a signal comes, stderr may no longer have a reader: the master's messages must not block.
  const stderr = stderrTarget();
  const say = (text: string): void => stderr.write(`webserv: ${text}\n`);
  const handover = takeHandover(process.env);
  const running = await packageVersion();
  const master = new Master({
    workerModule: new URL('dist/src/cli/worker.js', packageDirectory),
    launch,
    inherited: handover?.inherited ?? takeInheritedSockets(process.env),
    handover,
    command: process.argv.slice(1),
    version: { running, installed: packageVersion },
    service: new ServiceManager({ environment: process.env, warn: say }),
    watch,
    announce: ({ file, addresses }) =>
      print(`webserv serves ${name ?? file} at\n${addresses.map(addressLine).join('')}`),
    stderr,
  });
  // Handled from the first moment on (early-signals.ts), without effect until now.
  process.on('SIGUSR1', () => void master.reopen());
  process.on('SIGHUP', () => master.reload());
  const stopped = new Promise<void>((resolve) => {
    let asked = false;
    const upgrade = async (): Promise<void> => {
      if (!(await master.upgrade()) || asked) return;
      asked = true;
      await master.leave();
      resolve();
    };
    process.on('SIGUSR2', () => void upgrade());
    const stop = (graceMs?: number): void => {
      if (asked) master.kill();
      else {
        asked = true;
        say('shutting down gracefully; press Ctrl-C or send the signal again to force');
        void master.stop(graceMs).then(resolve);
      }
    };
    process.on('SIGTERM', () => stop());
    process.on('SIGINT', () => stop());
    process.on('SIGQUIT', () => stop(Number.POSITIVE_INFINITY));
  });
  const started = await master.start();
  if (handover !== undefined)
    await tellPredecessor(started ? { type: 'taken over' } : { type: 'refused', report: master.refusal });
  if (started) await stopped;
  await stderr.close();
  return started ? EXIT.ok : EXIT.failure;
}

/** The previous master waits for this message, and then ends or continues. */
function tellPredecessor(message: FromSuccessor): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) {
      resolve();
      return;
    }
    process.send(message, () => {
      if (process.connected) process.disconnect();
      resolve();
    });
  });
}

function addressLine(address: ServedAddress): string {
  const shown = formatAddress(address);
  if (address.kind === 'unix') return `  ${shown}\n`;
  const host = address.host === '0.0.0.0' || address.host === '::' ? 'localhost' : address.host;
  const named = formatAddress({ kind: 'tcp', host, port: address.port });
  return `  ${address.tls ? 'https' : 'http'}://${named}${host === address.host ? '' : `  (${shown})`}\n`;
}
