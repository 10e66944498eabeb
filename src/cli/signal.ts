import { readFile } from 'node:fs/promises';
import { UsageError } from './arguments.js';
import { type Found, loadFound } from './configuration.js';
import { EXIT } from './exit.js';
import { say } from './terminal.js';

/** What `-s` may say, and the signal it is. */
const signals: Readonly<Record<string, NodeJS.Signals>> = {
  reload: 'SIGHUP',
  stop: 'SIGTERM',
  quit: 'SIGQUIT',
  reopen: 'SIGUSR1',
};

export const signalWords = Object.keys(signals).join('|');

/**
 * Sends a running server a signal, found by the pid file of its configuration. The configuration is checked first: a
 * reload of a bad one is refused here, with every mistake.
 * @returns the exit code
 * @throws UsageError for a word that is no signal
 */
export async function sendSignal(word: string, found: Found): Promise<number> {
  const signal = Object.hasOwn(signals, word) ? signals[word] : undefined;
  if (signal === undefined) throw new UsageError(`--signal: expected ${signalWords}, got "${word}"`);
  const loaded = await loadFound(found);
  if (loaded === undefined) return EXIT.failure;
  const { pidFile } = loaded.config.main;
  if (pidFile === undefined) {
    say(`${loaded.config.file} has no pid directive, so the server cannot be found; add: pid webserv.pid;`);
    return EXIT.failure;
  }
  const pid = await readPid(pidFile);
  if (pid === undefined) {
    say(`no server: ${pidFile} is not there, or holds no process id`);
    return EXIT.failure;
  }
  try {
    process.kill(pid, signal);
    return EXIT.ok;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    say(
      code === 'ESRCH'
        ? `no server: process ${pid} of ${pidFile} is gone`
        : `process ${pid} of ${pidFile} cannot be signalled: ${String(code)}`,
    );
    return EXIT.failure;
  }
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return /^[1-9]\d{0,9}\s*$/.test(text) ? Number(text) : undefined;
}
