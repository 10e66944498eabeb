/** A measured figure, with its bound. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  /** Empty for a figure without a bound. */
  readonly bound: string;
  readonly holds: boolean;
}

/** Thrown when a bound does not hold; the message has every figure of the run. */
export class FaultError extends Error {
  readonly figures: readonly Figure[];
  readonly details: readonly string[];

  constructor(figures: readonly Figure[], details: readonly string[]) {
    const broken = figures.filter(({ holds }) => !holds);
    super([`${broken.length} bounds do not hold`, ...figures.map(line), ...details].join('\n'));
    this.name = 'FaultError';
    this.figures = figures;
    this.details = details;
  }
}

export const line = ({ name, value, bound, holds }: Figure): string =>
  `${holds ? ' ' : '✗'} ${name}: ${value}${bound === '' ? '' : ` (bound: ${bound})`}`;

/** Collects the figures of a run. */
export class Verdict {
  readonly #figures: Figure[] = [];
  readonly #details: string[] = [];

  /** Adds a figure without a bound. */
  tell(name: string, value: string | number): void {
    this.#figures.push({ name, value: String(value), bound: '', holds: true });
  }

  none(name: string, count: number): void {
    this.#figures.push({ name, value: String(count), bound: '0', holds: count === 0 });
  }

  below(name: string, value: number, bound: number, unit = ''): void {
    const text = (number: number): string => `${Number(number.toFixed(1))}${unit}`;
    // Written so that a figure that could not be measured does not hold.
    this.#figures.push({ name, value: text(value), bound: `< ${text(bound)}`, holds: value < bound });
  }

  atLeast(name: string, value: number, bound: number, unit = ''): void {
    this.#figures.push({
      name,
      value: `${value}${unit}`,
      bound: `≥ ${bound}${unit}`,
      holds: value >= bound,
    });
  }

  expect(name: string, value: string, expected: string): void {
    this.#figures.push({ name, value, bound: expected, holds: value === expected });
  }

  /** Adds examples that help to find the cause. */
  detail(...lines: readonly string[]): void {
    this.#details.push(...lines.slice(0, 10));
  }

  /** @throws FaultError when a bound does not hold */
  close(): readonly Figure[] {
    if (this.#figures.some(({ holds }) => !holds)) throw new FaultError(this.#figures, this.#details);
    return this.#figures;
  }
}
