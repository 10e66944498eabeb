/** The servers of one address, by host name (RFC 9110 §7.4). */
export class Endpoint<Server> {
  /** Serves host names that no server claims. Its limits apply until the host name is known. */
  readonly fallback: Server;
  readonly #exact: ReadonlyMap<string, Server>;
  /** Keyed by `.example.org` for `*.example.org`. */
  readonly #suffixes: ReadonlyMap<string, Server>;

  constructor(fallback: Server, names: ReadonlyMap<string, Server>) {
    this.fallback = fallback;
    this.#exact = new Map([...names].filter(([name]) => !name.startsWith('*.')));
    this.#suffixes = new Map(
      [...names].filter(([name]) => name.startsWith('*.')).map(([name, server]) => [name.slice(1), server]),
    );
  }

  /** @param host lower case, without port. An exact name wins over `*.` names; of these the longest wins. */
  find(host: string): Server {
    const exact = this.#exact.get(host);
    if (exact !== undefined || this.#suffixes.size === 0) return exact ?? this.fallback;
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const server = this.#suffixes.get(host.slice(dot));
      if (server !== undefined) return server;
    }
    return this.fallback;
  }
}
