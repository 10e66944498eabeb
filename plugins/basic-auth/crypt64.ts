const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Base 64 of crypt(3): three bytes become four characters, lowest bits first. */
function encode(value: number, characters: number): string {
  let text = '';
  for (let rest = value; text.length < characters; rest >>>= 6) text += ALPHABET[rest & 0x3f];
  return text;
}

/**
 * @param order indices of the digest's bytes in groups of three, highest byte first; the last group may have one or two
 */
export function crypt64(digest: Uint8Array, order: readonly number[]): string {
  let text = '';
  for (let at = 0; at < order.length; at += 3) {
    const group = order.slice(at, at + 3);
    const value = group.reduce((sum, index) => (sum << 8) | (digest[index] ?? 0), 0);
    text += encode(value, group.length + 1);
  }
  return text;
}

/** Repeats a digest to the given length. */
export function repeated(digest: Uint8Array, length: number): Buffer {
  return Buffer.alloc(length, digest);
}
