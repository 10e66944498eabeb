import type { Config, Listen, ServerConfig } from '@webserv/server';

type TcpListen = Extract<Listen, { kind: 'tcp' }>;

/** The port of URLs without a port. */
export const HTTPS_PORT = 443;

/** A free port (0) is not known before the server listens. */
function isTls(listen: Listen): listen is TcpListen {
  return listen.kind === 'tcp' && listen.tls && listen.port !== 0;
}

/** The TCP addresses where a server accepts TLS handshakes. */
function tlsListens({ listens, tls }: ServerConfig): readonly TcpListen[] {
  return tls === undefined || tls.rejectHandshake ? [] : listens.filter(isTls);
}

function preferred(one: number | undefined, other: number | undefined): number | undefined {
  return other === HTTPS_PORT ? other : (one ?? other);
}

/** The port of a server's URLs: 443 if it is one of them, else the first. */
function portOf(server: ServerConfig): number | undefined {
  return tlsListens(server)
    .map(({ port }) => port)
    .reduce(preferred, undefined);
}

/** The ports where TLS is spoken, by host name. */
export class TlsPorts {
  readonly #exact = new Map<string, number>();
  /** Keyed by `.example.org` for `*.example.org`. */
  readonly #suffixes = new Map<string, number>();
  /** Port of an address whose default server has no name: it is meant for every host. */
  readonly #any: number | undefined;

  constructor({ servers }: Pick<Config, 'servers'>) {
    for (const server of servers) {
      const port = portOf(server);
      if (port === undefined) continue;
      for (const name of server.names) {
        const [names, key] = name.startsWith('*.') ? [this.#suffixes, name.slice(1)] : [this.#exact, name];
        names.set(key, preferred(names.get(key), port) ?? port);
      }
    }
    this.#any = anyHost(servers);
  }

  /** Whether no server speaks TLS. */
  get isEmpty(): boolean {
    return this.#any === undefined && this.#exact.size + this.#suffixes.size === 0;
  }

  /**
   * The port where a host is served by TLS: by a server of that name, else by `own`, else by a server for every host.
   * @param host a name in lower case or `*.` with one, or an address; an IPv6 address in brackets
   * @param own the server that got the request
   */
  find(host: string, own: ServerConfig): number | undefined {
    return this.#exact.get(host) ?? this.#bySuffix(host) ?? portOf(own) ?? this.#any;
  }

  /** The longest suffix wins, as when a request is served. */
  #bySuffix(host: string): number | undefined {
    if (this.#suffixes.size === 0) return undefined;
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const port = this.#suffixes.get(host.slice(dot));
      if (port !== undefined) return port;
    }
    return undefined;
  }
}

function anyHost(servers: readonly ServerConfig[]): number | undefined {
  const defaults = new Map<string, { readonly server: ServerConfig; readonly listen: TcpListen }>();
  for (const server of servers) {
    for (const listen of server.listens.filter(isTls)) {
      const address = `${listen.host} ${listen.port}`;
      if (listen.isDefault || !defaults.has(address)) defaults.set(address, { server, listen });
    }
  }
  return [...defaults.values()]
    .filter(({ server }) => server.names.length === 0 && tlsListens(server).length > 0)
    .map(({ listen }) => listen.port)
    .reduce(preferred, undefined);
}
