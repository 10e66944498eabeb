import { type ChildProcess, spawn } from 'node:child_process';
import { enterableDirectory } from '../kernel/diagnostics/working-directory.js';
import { environmentFor, type HandedSocket, isFromSuccessor } from './handover.js';
import type { InheritedSocket } from './inherited-socket.js';

/** The first descriptor after stdin, stdout and stderr. */
const FIRST_DESCRIPTOR = 3;
/** Twice what a worker may take to start, plus time for its master. */
const TIMEOUT_MS = 70_000;

export interface SuccessorOptions {
  /**
   * The program as it was started, with its arguments: the version that is installed under this name now takes over.
   */
  readonly command: readonly string[];
  readonly inherited: readonly InheritedSocket[];
  readonly bound: readonly HandedSocket[];
  /** Added to the environment of this process. */
  readonly environment: NodeJS.ProcessEnv;
}

/** A new master, started to replace this one. */
export class Successor {
  readonly #child: ChildProcess;
  /** Settles with undefined when the new master serves; otherwise with the reason, for people. */
  readonly outcome: Promise<string | undefined>;

  constructor({ command, inherited, bound, environment }: SuccessorOptions) {
    const descriptors = [...inherited, ...bound].map(({ descriptor }) => descriptor);
    const at = (index: number): number => FIRST_DESCRIPTOR + index;
    const handover = environmentFor({
      from: process.pid,
      inherited: inherited.map(({ name }, index) => ({ name, descriptor: at(index) })),
      bound: bound.map((socket, index) => ({ ...socket, descriptor: at(inherited.length + index) })),
    });
    const directory = enterableDirectory();
    this.#child = spawn(process.execPath, [...process.execArgv, ...command], {
      cwd: directory ?? '/',
      env: {
        ...process.env,
        ...environment,
        ...handover,
        ...(directory === undefined ? {} : { PWD: directory }),
      },
      stdio: ['inherit', 'inherit', 'inherit', ...descriptors, 'ipc'],
    });
    this.outcome = this.#outcome();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(): void {
    this.#child.kill('SIGTERM');
  }

  #outcome(): Promise<string | undefined> {
    const child = this.#child;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        resolve(`it did not serve within ${TIMEOUT_MS / 1000} s`);
      }, TIMEOUT_MS);
      const settle = (problem: string | undefined): void => {
        clearTimeout(timer);
        if (child.connected) child.disconnect();
        resolve(problem);
      };
      child.on('message', (message: unknown) => {
        if (!isFromSuccessor(message)) return;
        settle(message.type === 'refused' ? message.report : undefined);
      });
      child.on('error', (error) => settle(error.message));
      child.on('exit', (code, signal) => settle(`it ended before it served (${signal ?? `exit ${code}`})`));
    });
  }
}
