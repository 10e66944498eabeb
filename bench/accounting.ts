import { readdirSync, readFileSync } from 'node:fs';

/** Resource usage of a process and all its descendants, from Linux's /proc. */
export interface Usage {
  /** Nanoseconds of CPU time since each process began, including descendants that have ended and were waited for. */
  readonly cpu: number;
  /** Resident bytes; a page shared by processes is counted once, in equal parts (PSS). */
  readonly resident: number;
}

/** /proc/PID/stat counts in this unit, regardless of the kernel's own tick. */
const NANOSECONDS_PER_TICK = 10_000_000;

interface Stat {
  readonly parent: number;
  /** CPU ticks of children that were waited for. */
  readonly childrenTicks: number;
}

/** undefined for a process that has ended meanwhile. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function readStat(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command's name may contain any character, including parentheses and spaces; state, ppid, … come after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), childrenTicks: Number(fields[13]) + Number(fields[14]) };
}

function processTree(root: number): ReadonlyMap<number, Stat> {
  const all = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    if (stat !== undefined) all.set(Number(name), stat);
  }
  const isInside = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined; at = all.get(at)?.parent) {
      if (at === root) return true;
    }
    return false;
  };
  return new Map([...all].filter(([pid]) => isInside(pid)));
}

/** CPU time of every thread, in nanoseconds: a tick of stat would be half a per cent of a short round. */
function ownCpu(pid: number): number {
  let sum = 0;
  for (const thread of threads(pid)) {
    sum += Number(read(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ', 1)[0] ?? 0);
  }
  return sum;
}

function threads(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function residentBytes(pid: number): number {
  const match = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '');
  return Number(match?.[1] ?? 0) * 1024;
}

export function usageOf(root: number): Usage {
  let cpu = 0;
  let resident = 0;
  for (const [pid, { childrenTicks }] of processTree(root)) {
    cpu += ownCpu(pid) + childrenTicks * NANOSECONDS_PER_TICK;
    resident += residentBytes(pid);
  }
  return { cpu, resident };
}
