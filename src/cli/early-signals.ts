import { close, url } from 'node:inspector';

/**
 * Handles signals before the program has been read from disk. Without a handler for SIGUSR1, Node opens its debugger,
 * and anyone who can connect to its port can run code. In this server SIGUSR1 reopens the logs; none are open yet, so
 * the handler does nothing.
 */
export function catchSignalsEarly(...more: readonly NodeJS.Signals[]): void {
  for (const signal of ['SIGUSR1', ...more]) process.on(signal, ignore);
}

/**
 * Restores the default action in commands that do not serve: these signals end them, as when their terminal is closed.
 */
export function restoreSignals(...signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) process.off(signal, ignore);
}

/** Ignored by a server that is starting: it has no configuration to reload, and no server to replace. */
export const SERVER_SIGNALS = ['SIGHUP', 'SIGUSR2'] as const satisfies readonly NodeJS.Signals[];

function ignore(): void {}

/** Closes a debugger that a SIGUSR1 opened before any handler was set, unless the user asked for the debugger. */
export function closeUnrequestedDebugger(): void {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  if (url() !== undefined && !flags.includes('--inspect')) close();
}
