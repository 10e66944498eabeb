import { readlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** A descriptor that this process was started with, or `/dev/null`. */
export type InheritedStream = number | 'null';

const NAMES = new Map<string, InheritedStream>([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
  ['/dev/null', 'null'],
]);
const BY_NUMBER = /^\/(?:dev\/fd|proc\/self\/fd)\/(\d{1,6})$/;
/** Container images often link a log to /dev/stdout. */
const MAX_LINKS = 8;

/**
 * The inherited stream that a path, or a symbolic link at that path, names. It is already open and belongs to the
 * process. Opening it by name would open the file behind it, which the workers' account may not be allowed to do.
 */
export function inheritedStream(path: string): InheritedStream | undefined {
  let here = path;
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    const stream = NAMES.get(here) ?? numberedStream(here);
    if (stream !== undefined) return stream;
    const target = linkAt(here);
    if (target === undefined) return undefined;
    here = resolve(dirname(here), target);
  }
  return undefined;
}

const inUse = new Set<number>();

/** Descriptors in use for logs: they must not be closed. */
export function streamsInUse(): ReadonlySet<number> {
  return inUse;
}

export function markStreamInUse(descriptor: number): void {
  inUse.add(descriptor);
}

function numberedStream(path: string): number | undefined {
  const digits = BY_NUMBER.exec(path)?.[1];
  return digits === undefined || digits === '0' ? undefined : Number(digits);
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
