import type { Offers } from '../contract/offers.js';

/** The offers of one route. */
export class OfferTable {
  readonly #values: { -readonly [Name in keyof Offers]?: Offers[Name] } = {};
  // No Map: there may be ten thousand routes, and few have more than two offers.
  readonly #owners: { [Name in keyof Offers]?: string } = {};

  /** @throws Error when another plugin has announced the same for this route */
  announce<Name extends keyof Offers>(plugin: string, name: Name, value: Offers[Name]): void {
    const owner = this.#owners[name];
    if (owner !== undefined) throw new Error(`"${name}" is already announced by plugin "${owner}"`);
    this.#owners[name] = plugin;
    this.#values[name] = value;
  }

  get<Name extends keyof Offers>(name: Name): Offers[Name] | undefined {
    return this.#values[name];
  }
}
