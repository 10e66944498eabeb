import { fileBuffer } from '../files/read-buffer.js';

/** Big pieces cost half the CPU of small ones; a crowd of slow readers gets small ones, so that memory stays bounded. */
export const BIG = 1024 * 1024;
export const SMALL = 64 * 1024;
/** Big buffers in use at once: 32 MiB. */
const MAX_BIG = 32;
/** Small ones kept for the next use: 4 MiB. */
const MAX_SMALL_KEPT = 64;

const big: Buffer[] = [];
const small: Buffer[] = [];
let bigInUse = 0;

/** @param wanted how many bytes there are to move. @returns a buffer of 64 KiB or 1 MiB; give it back with `release` */
export function acquire(wanted: number): Buffer {
  if (wanted > SMALL && bigInUse < MAX_BIG) {
    bigInUse += 1;
    return big.pop() ?? fileBuffer(BIG);
  }
  return small.pop() ?? fileBuffer(SMALL);
}

/** Only when no read or write that uses it is under way. */
export function release(buffer: Buffer): void {
  if (buffer.length === BIG) {
    bigInUse -= 1;
    big.push(buffer);
  } else if (small.length < MAX_SMALL_KEPT) {
    small.push(buffer);
  }
}
