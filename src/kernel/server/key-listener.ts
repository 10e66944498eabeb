import { reasonOf } from '../diagnostics/findings.js';
import type { Log } from '../log/log.js';
import type { KeyListener } from '../tls/key-source.js';
import type { SecureServer } from '../tls/secure-server.js';

/** Hands changed keys on to the servers. One that cannot use them goes on with its own. */
export function keyListener(servers: readonly SecureServer[], log: Log): KeyListener {
  const each = (change: (server: SecureServer) => void): void => {
    for (const server of servers) {
      try {
        change(server);
      } catch (error) {
        log.error(`the keys of TLS cannot be changed: ${reasonOf(error)}`);
      }
    }
  };
  return {
    renewed: (origin, pair) => each((server) => server.renew(origin, pair)),
    rotated: (secret) => each((server) => server.rotate(secret)),
  };
}
