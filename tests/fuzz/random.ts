/** A repeatable stream of choices: the same seed and number make the same session. */
export class Random {
  #state: number;

  constructor(seed: number, number: number) {
    // Two rounds of a hash, so that neighbouring sessions have nothing in common.
    this.#state = mix(mix(seed >>> 0) ^ mix(number + 0x9e3779b9));
  }

  /** From 0 up to but not including `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    return Math.floor((mix(this.#state) / 0x1_0000_0000) * end);
  }

  /** @param part from 0, never, to 1, always */
  chance(part: number): boolean {
    return this.below(1_000_000) < part * 1_000_000;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** Small numbers often, numbers near `end` seldom. */
  small(end: number): number {
    return Math.floor(end ** (this.below(1000) / 1000)) - 1;
  }

  text(length: number, alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'): string {
    let text = '';
    while (text.length < length) text += alphabet.charAt(this.below(alphabet.length));
    return text;
  }
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
