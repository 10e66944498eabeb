import { createHash } from 'node:crypto';
import { crypt64, repeated } from './crypt64.js';

const ROUNDS = 1000;
const ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11];

function md5(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/**
 * Apache's variant of FreeBSD's MD5 crypt (apr_md5_encode), without prefix.
 * @param salt up to 8 bytes
 */
export function apr1(password: Uint8Array, salt: Uint8Array): string {
  const bits: Uint8Array[] = [];
  // The original adds the password's first byte for a 0 bit, and a NUL for a 1 bit.
  for (let rest = password.length; rest > 0; rest >>>= 1)
    bits.push((rest & 1) === 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  const inner = repeated(md5(password, salt, password), password.length);
  let digest = md5(password, '$apr1$', salt, inner, ...bits);
  for (let round = 0; round < ROUNDS; round += 1) {
    const isOdd = round % 2 === 1;
    digest = md5(
      isOdd ? password : digest,
      round % 3 === 0 ? '' : salt,
      round % 7 === 0 ? '' : password,
      isOdd ? digest : password,
    );
  }
  return crypt64(digest, ORDER);
}
