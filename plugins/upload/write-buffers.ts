/** Bytes. Writing a file in pieces of 256 KiB takes about half the time of pieces of 64 KiB. */
const LARGE = 262_144;
/** Maximum number of large buffers per process; further uploads use small buffers of their own. */
const MAX_LARGE = 32;
const SMALL = 16_384;

let made = 0;
const free: Buffer[] = [];

/** Returns a buffer of 256 KiB, or of 16 KiB when too many are in use: slow clients cannot use unbounded memory. */
export function takeBuffer(): Buffer {
  const buffer = free.pop();
  if (buffer !== undefined) return buffer;
  if (made >= MAX_LARGE) return Buffer.allocUnsafeSlow(SMALL);
  made += 1;
  return Buffer.allocUnsafeSlow(LARGE);
}

export function giveBack(buffer: Buffer): void {
  if (buffer.length === LARGE) free.push(buffer);
}
