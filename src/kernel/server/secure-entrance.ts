import type { Socket } from 'node:net';
import type { Site } from '../exchange/site.js';
import type { ConnectionContext } from '../net/connection-context.js';
import type { ServedConnection } from '../net/served-connection.js';
import type { Transport } from '../net/transport.js';
import type { Endpoint } from '../routing/router.js';
import { Handshake, type HandshakeHost } from '../tls/handshake.js';
import type { KeyLog } from '../tls/key-log.js';
import type { SecureServer } from '../tls/secure-server.js';
import type { EndpointContexts, SharedContext } from './endpoint-context.js';
import { RefusingContext } from './refusing-context.js';
import { clientCertificatePage, plainHttpPage } from './tls-refusals.js';

/**
 * Counts a handshake.
 * @param result `ok`, or how it ended without a connection
 * @param protocol empty without a connection
 */
export type HandshakeCount = (result: string, protocol: string, isResumed: boolean) => void;

export interface SecureEntranceOptions {
  readonly servers: ReadonlyMap<Site, SecureServer>;
  readonly contexts: EndpointContexts;
  readonly shared: SharedContext;
  readonly count: HandshakeCount;
  /** Gets the secrets of each connection; undefined unless they are logged. */
  readonly keyLog: KeyLog | undefined;
  /** Serves what the handshake has become. */
  readonly serve: (handshake: ServedConnection, transport: Transport, context: ConnectionContext) => void;
  /** The handshake has ended without a connection. */
  readonly ended: (handshake: ServedConnection) => void;
}

/** Takes the connections of the addresses where TLS is spoken, until they are encrypted. */
export class SecureEntrance {
  readonly #options: SecureEntranceOptions;
  readonly #hosts = new Map<Endpoint<Site>, HandshakeHost>();

  constructor(options: SecureEntranceOptions) {
    this.#options = options;
  }

  /** @returns the connection, which counts until `serve` or `ended` is called */
  begin(socket: Socket, endpoint: Endpoint<Site>): ServedConnection {
    let host = this.#hosts.get(endpoint);
    if (host === undefined) {
      host = this.#host(endpoint);
      this.#hosts.set(endpoint, host);
    }
    return new Handshake(socket, host);
  }

  #host(endpoint: Endpoint<Site>): HandshakeHost {
    const { servers, contexts, shared, count, keyLog, serve, ended } = this.#options;
    const { timeouts, log, refusals } = shared;
    return {
      timeouts,
      timeoutMs: servers.get(endpoint.fallback)?.settings.handshakeTimeout ?? 0,
      keyLog: keyLog?.write,
      find: (serverName) => servers.get(endpoint.find(serverName)),
      established: (handshake, transport, serverName, refusal) => {
        const { protocol, sessionReused } = transport.negotiated;
        count('ok', protocol, sessionReused);
        const context = contexts.encrypted(endpoint, serverName);
        if (refusal === undefined) serve(handshake, transport, context);
        else {
          if (refusals.take()) log.info(`client ${transport.peer.remoteAddress}: 400 ${refusal}`);
          const page = clientCertificatePage(refusal);
          serve(handshake, transport, new RefusingContext(context, () => page));
        }
      },
      plain: (handshake, transport) => {
        count('plain', '', false);
        serve(handshake, transport, new RefusingContext(contexts.plain(endpoint), plainHttpPage));
      },
      failed: (handshake, how, reason) => {
        count(how, '', false);
        if (reason !== undefined && refusals.take()) log.info(`client ${handshake.remoteAddress}: ${reason}`);
        ended(handshake);
      },
    };
  }
}
