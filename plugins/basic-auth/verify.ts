import { createHash, timingSafeEqual } from 'node:crypto';
import { hashSync } from 'bcryptjs';
import { APR1, SHA_CRYPT, SHA1 } from './hashes.js';
import { apr1 } from './md5-crypt.js';
import { DEFAULT_ROUNDS, shaCrypt } from './sha-crypt.js';

/** Length of `$2y$10$` and 22 characters of salt. */
const BCRYPT_SETTINGS = 29;

const bytesOf = (text = ''): Buffer => Buffer.from(text, 'latin1');

/** Returns the hash of the given password, and the stored hash. */
function bothOf(hash: string, password: Buffer): readonly [string, string] {
  const [, sha1 = ''] = SHA1.exec(hash) ?? [];
  if (sha1 !== '') return [createHash('sha1').update(password).digest('base64'), sha1];
  const [, salt, md5] = APR1.exec(hash) ?? [];
  if (md5 !== undefined) return [apr1(password, bytesOf(salt)), md5];
  const [isCrypt, isSha256, rounds = DEFAULT_ROUNDS, cryptSalt, crypt = ''] = SHA_CRYPT.exec(hash) ?? [];
  if (isCrypt !== undefined) {
    const algorithm = isSha256 === undefined ? 'sha512' : 'sha256';
    return [shaCrypt(algorithm, password, bytesOf(cryptSalt), Number(rounds)), crypt];
  }
  return [hashSync(password.toString(), hash.slice(0, BCRYPT_SETTINGS)), hash];
}

/**
 * Whether a password, as UTF-8 bytes, has the given hash. Slow by design: never call it on the event loop that serves
 * requests.
 * @param hash one for which `problemOf` is undefined
 */
export function verify(hash: string, password: Uint8Array): boolean {
  const [made, stored] = bothOf(hash, Buffer.from(password));
  const [one, other] = [bytesOf(made), bytesOf(stored)];
  return one.length === other.length && timingSafeEqual(one, other);
}
