import { createHash } from 'node:crypto';
import { crypt64, repeated } from './crypt64.js';

export const DEFAULT_ROUNDS = 5000;

type Algorithm = 'sha256' | 'sha512';

/** First bytes of each group of three: from group to group the three indices increase by one and rotate. */
const ORDERS: Readonly<Record<Algorithm, readonly number[]>> = {
  sha256: [
    0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28, 8, 9, 19,
    29, 31, 30,
  ],
  sha512: [
    0, 21, 42, 22, 43, 1, 44, 2, 23, 3, 24, 45, 25, 46, 4, 47, 5, 26, 6, 27, 48, 28, 49, 7, 50, 8, 29, 9, 30,
    51, 31, 52, 10, 53, 11, 32, 12, 33, 54, 34, 55, 13, 56, 14, 35, 15, 36, 57, 37, 58, 16, 59, 17, 38, 18,
    39, 60, 40, 61, 19, 62, 20, 41, 63,
  ],
};

/**
 * SHA-crypt, https://www.akkadia.org/drepper/SHA-crypt.txt, without prefix, rounds and salt.
 * @param salt up to 16 bytes
 */
export function shaCrypt(
  algorithm: Algorithm,
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
): string {
  const digestOf = (parts: readonly Uint8Array[]): Buffer => {
    const hash = createHash(algorithm);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const second = digestOf([password, salt, password]);
  const bits: Uint8Array[] = [];
  for (let rest = password.length; rest > 0; rest >>>= 1) bits.push((rest & 1) === 1 ? second : password);
  const first = digestOf([password, salt, repeated(second, password.length), ...bits]);

  const fromPassword = digestOf(Array.from(password, () => password));
  const passwordBytes = repeated(fromPassword, password.length);
  const fromSalt = digestOf(Array.from({ length: 16 + (first[0] ?? 0) }, () => salt));
  const saltBytes = repeated(fromSalt, salt.length);

  let digest = first;
  for (let round = 0; round < rounds; round += 1) {
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? passwordBytes : digest];
    if (round % 3 !== 0) parts.push(saltBytes);
    if (round % 7 !== 0) parts.push(passwordBytes);
    parts.push(isOdd ? digest : passwordBytes);
    digest = digestOf(parts);
  }
  return crypt64(digest, ORDERS[algorithm]);
}
