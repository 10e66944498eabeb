import { constants } from 'node:os';
import type { Exit } from './child.js';
import type { PosixSpawn, WaitStatus } from './posix-spawn.js';

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** Decodes a status like WIFEXITED and its relatives in sys/wait.h. */
function exitOf(status: WaitStatus): Exit {
  const signal = status & 0x7f;
  if (signal === 0) return { code: (status >> 8) & 0xff, signal: undefined };
  return { code: undefined, signal: SIGNAL_NAMES.get(signal) ?? `signal ${signal}` };
}

/** Reaps ended processes, so that none stays a zombie: only those started here, not other children of the server. */
export class Reaper {
  readonly #posix: PosixSpawn;
  readonly #running = new Map<number, (exit: Exit) => void>();
  /** A signal may report several ended processes, so all are checked. There are at most `cgi_max_processes`. */
  readonly #reap = (): void => {
    for (const [pid, resolve] of this.#running) {
      const status = this.#posix.reap(pid);
      if (status === undefined) continue;
      this.#running.delete(pid);
      resolve(exitOf(status));
    }
  };

  constructor(posix: PosixSpawn) {
    this.#posix = posix;
    process.on('SIGCHLD', this.#reap);
  }

  /** Call it in the same turn of the event loop in which the process was started: the signal arrives in a later one. */
  exitOf(pid: number): Promise<Exit> {
    return new Promise((resolve) => this.#running.set(pid, resolve));
  }

  /** Call it when no process is running any more. */
  dispose(): void {
    process.off('SIGCHLD', this.#reap);
  }
}
