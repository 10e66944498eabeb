/** The servers that answer at one address (RFC 9110 §7.4). */
export class Endpoint<Server> {
  /** Answers for names nobody claims, and is asked for limits before a name is known. */
  readonly fallback: Server;
  readonly #exact: ReadonlyMap<string, Server>;
  /** `.example.org` for `*.example.org`. */
  readonly #suffixes: ReadonlyMap<string, Server>;

  constructor(fallback: Server, names: ReadonlyMap<string, Server>) {
    this.fallback = fallback;
    this.#exact = new Map([...names].filter(([name]) => !name.startsWith('*.')));
    this.#suffixes = new Map(
      [...names].filter(([name]) => name.startsWith('*.')).map(([name, server]) => [name.slice(1), server]),
    );
  }

  /** @param host lower case, without port. Exact names win over the longest `*.` name. */
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
