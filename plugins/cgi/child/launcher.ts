import { constants } from 'node:os';
import { findInterpreter } from '../interpreter.js';
import type { Child, Invocation, Launch } from './child.js';
import { launchByNode } from './node-child.js';
import { launchByPosix } from './posix-child.js';
import { loadPosixSpawn, type PosixSpawn, SystemError } from './posix-spawn.js';
import { Reaper } from './reaper.js';

/** Starts programs by the cheapest method that this system supports. */
export class Launcher {
  readonly #load: () => Promise<PosixSpawn | undefined>;
  #launch: Promise<Launch> | undefined;
  #reaper: Reaper | undefined;

  /** @param load called when the first program is started, because most servers run none */
  constructor(load: () => Promise<PosixSpawn | undefined> = loadPosixSpawn) {
    this.#load = load;
  }

  /** @throws Error with a `code` such as ENOENT when the system refuses */
  async launch(invocation: Invocation): Promise<Child> {
    this.#launch ??= this.#choose();
    const launch = await this.#launch;
    const { command } = invocation;
    const [program = ''] = command;
    if (program.includes('/')) return launch(invocation);
    // The program did not exist when the configuration was loaded. The bare name must not be taken for a file in the
    // script's directory.
    const found = await findInterpreter(program);
    if (found === undefined) throw new SystemError(`spawn ${program}`, constants.errno.ENOENT);
    return launch({ ...invocation, command: command.with(0, found) });
  }

  /** Call it when every started program has ended. */
  dispose(): void {
    this.#reaper?.dispose();
  }

  async #choose(): Promise<Launch> {
    const posix = await this.#load();
    if (posix === undefined) return launchByNode;
    const reaper = new Reaper(posix);
    this.#reaper = reaper;
    return async (invocation) => launchByPosix(posix, reaper, invocation);
  }
}
