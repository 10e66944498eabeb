import type { Listen, ServerConfig } from '../kernel/contract/config.js';
import { addressKey } from '../kernel/exchange/endpoints.js';

/** A server of an address, and why it is chosen. */
export interface ServerChoice {
  readonly server: ServerConfig;
  /** The name of the server's that the host is, or is below; undefined for the address's default server. */
  readonly name: string | undefined;
  /** Whether it says `default_server` there. */
  readonly isDefault: boolean;
  /** Whether no other server shares the address. */
  readonly isOnly: boolean;
}

/** @param host empty without one */
export function choiceOf(
  server: ServerConfig,
  host: string,
  listen: Listen,
  servers: readonly ServerConfig[],
): ServerChoice {
  return {
    server,
    name: nameFor(server, host),
    isDefault: listensOf(server, listen).some(({ isDefault }) => isDefault),
    isOnly: servers.every((other) => other === server || listensOf(other, listen).length === 0),
  };
}

/** The server's `listen` of an address. */
export function listensOf({ listens }: ServerConfig, listen: Listen): readonly Listen[] {
  return listens.filter((own) => own === listen || addressKey(own) === addressKey(listen));
}

/** The longest of the server's names that the host is or is below. */
function nameFor({ names }: ServerConfig, host: string): string | undefined {
  if (names.includes(host)) return host;
  const wildcards = names.filter((name) => name.startsWith('*.') && host.endsWith(name.slice(1)));
  return wildcards.toSorted((one, other) => other.length - one.length)[0];
}
