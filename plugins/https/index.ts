import { type Config, definePlugin, flag, type ServerConfig, Stage } from '@webserv/server';
import { codes, hstsWithoutTls, noPlainAddress, withoutTlsServer } from './findings.js';
import { hsts, type StrictTransport } from './hsts.js';
import { redirectToHttps } from './redirect.js';
import { addStrictTransport } from './strict-transport.js';
import { TlsPorts } from './tls-ports.js';

/** After hosts that are not accepted; before everything that responds, preflights and passwords included. */
const BEFORE_RESPONSES = Stage.rewrite - 80;

/** After `add_header`: a field set there is kept. */
const LAST = Stage.fallback + 110;

/** A value made on first use for each key. */
class Made<Key, Value> {
  readonly #values = new Map<Key, Value>();

  get(key: Key, make: () => Value): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#values.set(key, made);
    return made;
  }
}

/** Values that the routes share. */
class Shared {
  readonly additions = new Made<StrictTransport, ReturnType<typeof addStrictTransport>>();
  readonly redirects = new Made<ServerConfig, ReturnType<typeof redirectToHttps>>();
  readonly #reported = new Set<ServerConfig>();
  #config: Pick<Config, 'servers'> = { servers: [] };
  #ports: TlsPorts | undefined;

  configure(config: Config): void {
    this.#config = config;
  }

  get ports(): TlsPorts {
    this.#ports ??= new TlsPorts(this.#config);
    return this.#ports;
  }

  /** @returns whether it is the first time for this server */
  report(server: ServerConfig): boolean {
    const isFirst = !this.#reported.has(server);
    this.#reported.add(server);
    return isFirst;
  }
}

function isPlain({ listens }: ServerConfig): boolean {
  return listens.some(({ kind, tls }) => kind === 'tcp' && !tls);
}

/** Certificates of the local authority: a browser that does not trust it could not pass its warning any more. */
function isInternal({ tls }: ServerConfig): boolean {
  return tls?.certificates.some(({ origin }) => origin.kind === 'internal') === true;
}

export default definePlugin({
  name: 'https',
  directives: {
    hsts,
    https_redirect: flag({
      default: false,
      in: ['main', 'server', 'location'],
      help: 'redirects requests without TLS to the same URL with https',
      example: 'https_redirect on;',
    }),
  },
  codes,
  setup({ hooks }) {
    const shared = new Shared();
    hooks.onConfig.tap({}, (config) => shared.configure(config));
    return shared;
  },
  apply({ options, state, hooks, server, route, placeOf, warn }) {
    const { hsts: transport } = options;
    if (transport !== undefined) {
      const place = placeOf('hsts');
      if (server.tls === undefined && place !== undefined) warn(hstsWithoutTls(place));
      else if (server.tls !== undefined && !isInternal(server))
        hooks.onResponse.tap(
          { stage: LAST },
          state.additions.get(transport, () => addStrictTransport(transport)),
        );
    }
    if (!options.https_redirect) return;
    const place = placeOf('https_redirect');
    if (!isPlain(server)) {
      if (place !== undefined) warn(noPlainAddress(place));
      return;
    }
    const { ports } = state;
    const finding = state.report(server) ? withoutTlsServer(server, ports, place ?? route.place) : undefined;
    if (finding !== undefined) warn(finding);
    // Where TLS is spoken too, the methods are those of the other plugins.
    const answers = server.tls === undefined;
    const redirect = state.redirects.get(server, () => redirectToHttps(server, ports));
    hooks.onRoute.tap({ stage: BEFORE_RESPONSES, answers }, redirect);
  },
});
