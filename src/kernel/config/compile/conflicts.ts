import type { ServerConfig } from '../../contract/config.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import type { Findings } from '../../diagnostics/findings.js';
import type { WrittenRoutes } from './forget-directives.js';
import { addressOf } from './listen.js';
import type { WrittenTls } from './tls.js';

/** A server with the places of its names. */
export interface NamedServer {
  readonly config: ServerConfig;
  readonly namePlaces: ReadonlyMap<string, Place>;
  /** Its routes whose directives can be forgotten. */
  readonly written: WrittenRoutes;
  /** Its TLS directives, whether it speaks TLS or not. */
  readonly tls: WrittenTls;
}

/** Conflicts between servers: an address, a name or a default that is used twice. */
export function reportConflicts(servers: readonly NamedServer[], findings: Findings): void {
  const names = new Map<string, Place | undefined>();
  const defaults = new Map<string, Place | undefined>();
  for (const { config, namePlaces } of servers) {
    const own = new Map<string, Place | undefined>();
    const reported = new Set<string>();
    for (const listen of config.listens) {
      const address = addressOf(listen);
      const { place } = listen;
      if (own.has(address)) {
        const message = `this server already listens on ${address}`;
        findings.error('duplicate-listen', message, place, first(own.get(address)));
        continue;
      }
      own.set(address, place);
      if (listen.isDefault) {
        if (defaults.has(address)) {
          const message = `${address} already has a default server`;
          findings.error('duplicate-default-server', message, place, first(defaults.get(address)));
        } else defaults.set(address, place);
      }
      for (const name of config.names.length === 0 ? [''] : config.names) {
        const key = `${address} ${name}`;
        const namePlace = name === '' ? place : namePlaces.get(name);
        if (!names.has(key)) names.set(key, namePlace);
        else if (!reported.has(name)) {
          reported.add(name);
          const message =
            name === ''
              ? `another server without a name already listens on ${address}: this one would never be used`
              : `another server on ${address} is already called "${name}"`;
          const details = first(names.get(key));
          findings.error('duplicate-server-name', message, namePlace, {
            ...details,
            ...(name === '' ? { hint: 'give one of them a server_name, or another address' } : {}),
          });
        }
      }
    }
  }
}

function first(place: Place | undefined): { related?: { message: string; place: Place }[] } {
  return place === undefined ? {} : { related: [{ message: 'first one here', place }] };
}
