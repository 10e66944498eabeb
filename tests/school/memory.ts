import { readdir, readFile, readlink } from 'node:fs/promises';

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Resident memory in bytes. */
  readonly resident: number;
  /** The program it runs; empty for a process that has just ended. */
  readonly program: string;
}

async function processAt(pid: number): Promise<Process | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const field = (name: string): number =>
      Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
    return { pid, parent: field('PPid'), resident: field('VmRSS') * 1024, program };
  } catch {
    return undefined; // it ended while it was looked at
  }
}

/** The current processes of the server itself: `root` and its descendants that run the same program. */
async function serverProcesses(root: number): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = (await Promise.all(pids.map(processAt))).filter((found) => found !== undefined);
  const program = all.find(({ pid }) => pid === root)?.program;
  const family = new Set([root]);
  // A child's number may be lower than its parent's: repeated until nothing is added.
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter((found) => family.has(found.pid) && found.program === program);
}

/** Watches the memory of a server: all its processes without scripts. */
export class MemoryWatch {
  readonly #root: number;
  readonly #timer: NodeJS.Timeout;
  #seen = new Set<number>();
  #looking = false;
  #samples = 0;
  #peak = 0;

  constructor(root: number, everyMs = 250) {
    this.#root = root;
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  /** The maximum at any moment, in bytes. */
  get peak(): number {
    return this.#peak;
  }

  get samples(): number {
    return this.#samples;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const processes = await serverProcesses(this.#root);
    // Between fork and exec, a script still runs the server's program with the server's pages. So processes are counted
    // from the second sample on: by then a script runs another program.
    const settled = processes.filter(({ pid }) => pid === this.#root || this.#seen.has(pid));
    this.#seen = new Set(processes.map(({ pid }) => pid));
    this.#peak = Math.max(
      this.#peak,
      settled.reduce((sum, { resident }) => sum + resident, 0),
    );
    this.#samples += 1;
    this.#looking = false;
  }
}
