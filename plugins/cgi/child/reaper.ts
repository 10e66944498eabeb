import { constants } from 'node:os';
import type { Exit } from './child.js';
import type { PosixSpawn, WaitStatus } from './posix-spawn.js';

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** WIFEXITED and its like, of sys/wait.h. */
function exitOf(status: WaitStatus): Exit {
  const signal = status & 0x7f;
  if (signal === 0) return { code: (status >> 8) & 0xff, signal: undefined };
  return { code: undefined, signal: SIGNAL_NAMES.get(signal) ?? `signal ${signal}` };
}

/** Takes ended processes from the system, so that none stays a zombie: those started here, and no others of the server. */
export class Reaper {
  readonly #posix: PosixSpawn;
  readonly #running = new Map<number, (exit: Exit) => void>();
  /** One signal may stand for many ends: all are asked. They are as few as `cgi_max_processes`. */
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

  /** To be called in the turn of the event loop in which the process was started: the signal comes in a later one. */
  exitOf(pid: number): Promise<Exit> {
    return new Promise((resolve) => this.#running.set(pid, resolve));
  }

  /** Nothing runs any more. */
  dispose(): void {
    process.off('SIGCHLD', this.#reap);
  }
}
