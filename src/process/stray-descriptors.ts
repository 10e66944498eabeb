import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC, the same number on every architecture that Node runs on. */
const CLOSED_IN_PROGRAMS = 0o2000000;
const STANDARD_STREAMS = 3;

/**
 * Finds descriptors that the program that started the server left open, and that every program started by the server
 * would inherit: scripts could read and write through them. Call it first: Node opens no such descriptors, but a native
 * addon may. Empty without /proc.
 * @param wanted descriptors that were passed on purpose
 */
export function strayDescriptors(wanted: readonly number[]): readonly number[] {
  const channel = Number(process.env.NODE_CHANNEL_FD ?? Number.NaN);
  return openDescriptors().filter(
    (descriptor) =>
      descriptor >= STANDARD_STREAMS &&
      descriptor !== channel &&
      !wanted.includes(descriptor) &&
      isPassedOn(descriptor),
  );
}

/** Must not be called before the configuration was read: it may come through one of them (`--config /dev/fd/63`). */
export function closeDescriptors(descriptors: readonly number[], inUse: ReadonlySet<number>): void {
  for (const descriptor of descriptors) {
    try {
      if (!inUse.has(descriptor)) closeSync(descriptor);
    } catch {
      // Already closed by the code it belonged to.
    }
  }
}

function openDescriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return [];
  }
}

function isPassedOn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_IN_PROGRAMS) === 0;
  } catch {
    return false;
  }
}
