/** A repeatable random generator: the same seed and number give the same session. */
export class Random {
  #state: number;

  constructor(seed: number, number: number) {
    // Two rounds of a hash, so that neighbouring sessions are unrelated.
    this.#state = mix(mix(seed >>> 0) ^ mix(number + 0x9e3779b9));
  }

  /** From 0 up to but not including `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    return Math.floor((mix(this.#state) / 0x1_0000_0000) * end);
  }

  /** @param part probability, 0 to 1 */
  chance(part: number): boolean {
    return this.below(1_000_000) < part * 1_000_000;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** Often small numbers, seldom numbers near `end`. */
  small(end: number): number {
    return Math.floor(end ** (this.below(1000) / 1000)) - 1;
  }

  text(length: number, alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'): string {
    let text = '';
    while (text.length < length) text += alphabet.charAt(this.below(alphabet.length));
    return text;
  }
}

/** The finaliser of MurmurHash3: every input bit affects every output bit. */
function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
