import { holderOf } from '../kernel/process/identity.js';
import { readPid } from '../kernel/process/pid-file.js';
import { UsageError } from './arguments.js';
import { loadFound, withAssembly } from './configuration.js';
import type { Found } from './configuration-file.js';
import { EXIT } from './exit.js';
import { signals, signalWords } from './signals.js';
import { say } from './terminal.js';

/**
 * Sends a running server a signal, found by the pid file of its configuration. The configuration is checked first, for a
 * reload with the plugins' setup: one of a bad one is refused here, with every mistake.
 * @returns the exit code
 * @throws UsageError for a word that is no signal
 */
export async function sendSignal(word: string, found: Found): Promise<number> {
  const signal = Object.hasOwn(signals, word) ? signals[word] : undefined;
  if (signal === undefined) throw new UsageError(`--signal: expected ${signalWords}, got "${word}"`);
  const loaded = await loadFound(found);
  if (loaded === undefined) return EXIT.failure;
  // As new workers would: a plugin may refuse what the loader cannot know.
  if (word === 'reload' && !(await withAssembly(loaded.config, () => true))) return EXIT.failure;
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
  const holder = await holderOf(pid);
  if (holder.kind === 'gone') {
    say(`no server: process ${pid} of ${pidFile} is gone; the file was left behind`);
    return EXIT.failure;
  }
  if (holder.kind === 'other') {
    say(`no server: process ${pid} of ${pidFile} is "${holder.name}" by now; the file was left behind`);
    return EXIT.failure;
  }
  try {
    process.kill(pid, signal);
    return EXIT.ok;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    say(`process ${pid} of ${pidFile} cannot be signalled: ${code}`);
    return EXIT.failure;
  }
}
