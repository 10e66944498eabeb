import { close, url } from 'node:inspector';

/**
 * Takes signals before the program is even read from the disk. For a SIGUSR1 that nobody takes Node opens its debugger, by
 * which whoever reaches its port may run what he likes; here it means to open the logs anew, and where there are none yet
 * there is nothing to do.
 */
export function takeSignalsEarly(...more: readonly NodeJS.Signals[]): void {
  for (const signal of ['SIGUSR1', ...more]) process.on(signal, ignore);
}

/** In a command that serves nothing: these end it again, as when its terminal is closed. */
export function giveSignalsBack(...signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) process.off(signal, ignore);
}

/** What they mean to a server: there is no configuration yet that could be loaded again, and no server to replace. */
export const SERVER_SIGNALS = ['SIGHUP', 'SIGUSR2'] as const satisfies readonly NodeJS.Signals[];

function ignore(): void {}

/** One that came before any program could take it has opened the debugger already. Not where it was asked for. */
export function closeUnaskedDebugger(): void {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  if (url() !== undefined && !flags.includes('--inspect')) close();
}
