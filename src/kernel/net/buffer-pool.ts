import { fileBuffer } from '../files/read-buffer.js';

/**
 * Large pieces cost half the CPU of small ones. When large ones run out, slow readers get small ones, so memory stays
 * bounded.
 */
export const BIG = 1024 * 1024;
export const SMALL = 64 * 1024;
/** Maximum number of large buffers in use: 32 MiB. */
const MAX_BIG = 32;
/** Maximum number of small buffers kept for reuse: 4 MiB. */
const MAX_SMALL_KEPT = 64;

const big: Buffer[] = [];
const small: Buffer[] = [];
let bigInUse = 0;

/** @param wanted number of bytes to move. @returns a buffer of 64 KiB or 1 MiB; return it with `release` */
export function acquire(wanted: number): Buffer {
  if (wanted > SMALL && bigInUse < MAX_BIG) {
    bigInUse += 1;
    return big.pop() ?? fileBuffer(BIG);
  }
  return small.pop() ?? fileBuffer(SMALL);
}

/** Call it only when no read or write uses the buffer. */
export function release(buffer: Buffer): void {
  if (buffer.length === BIG) {
    bigInUse -= 1;
    big.push(buffer);
  } else if (small.length < MAX_SMALL_KEPT) {
    small.push(buffer);
  }
}
