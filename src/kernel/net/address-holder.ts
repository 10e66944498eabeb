import { opendir, readlink } from 'node:fs/promises';
import type { Address } from './address.js';
import { listeningSockets } from './listening-sockets.js';
import { processOf } from './process-of.js';

/** Limits of the search among the machine's processes: it only improves a message and must not delay the start. */
const MAX_DESCRIPTORS = 100_000;
const MAX_MS = 1000;

const WILDCARDS = new Set(['0.0.0.0', '::']);

/**
 * Names the process that listens on an address this server needs: `process 1234 (nginx)`.
 * @returns undefined if unknown: the process belongs to another user, or the system is not Linux
 */
export async function addressHolder(wanted: Address): Promise<string | undefined> {
  const inodes = (await listeningSockets())
    .filter(({ address }) => clash(address, wanted))
    .map(({ inode }) => `socket:[${inode}]`);
  if (inodes.length === 0) return undefined;
  const pids = await processesWith(new Set(inodes));
  const seen = await Promise.all(pids.map(async (pid) => ({ pid, is: await processOf(pid) })));
  // If a server and the workers it started listen, choose the process that started the others.
  const first = seen.find(({ is }) => is !== undefined && !pids.includes(is.parent));
  return first?.is === undefined ? undefined : `process ${first.pid} (${first.is.name})`;
}

function clash(one: Address, other: Address): boolean {
  if (one.kind === 'unix' || other.kind === 'unix') {
    return one.kind === 'unix' && other.kind === 'unix' && one.path === other.path;
  }
  if (one.port !== other.port) return false;
  return one.host === other.host || WILDCARDS.has(one.host) || WILDCARDS.has(other.host);
}

async function processesWith(sockets: ReadonlySet<string>): Promise<readonly number[]> {
  const until = performance.now() + MAX_MS;
  const found: number[] = [];
  let looks = 0;
  for await (const name of namesIn('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    for await (const descriptor of namesIn(`/proc/${name}/fd`)) {
      looks += 1;
      if (looks > MAX_DESCRIPTORS || performance.now() > until) return found;
      const target = await readlink(`/proc/${name}/fd/${descriptor}`).catch(() => '');
      if (!sockets.has(target)) continue;
      found.push(Number(name));
      break;
    }
  }
  return found;
}

async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder)) yield name;
  } catch {
    // The process has ended, or belongs to another user.
  }
}
