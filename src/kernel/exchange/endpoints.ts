import type { Config, Listen, ServerConfig } from '../contract/config.js';
import { Endpoint } from '../routing/router.js';
import type { Site } from './site.js';

/** An address with the servers that share it. */
export interface Bound {
  readonly listen: Listen;
  readonly endpoint: Endpoint<Site>;
}

/** Port 0 is a free port each time it is asked for: never the same address twice. */
export function addressKey(listen: Listen): string | Listen {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  return listen.port === 0 ? listen : `${listen.host}:${listen.port}`;
}

/**
 * The addresses of a configuration, each with its servers. The first server, or the one with `default_server`, handles
 * names that no server has.
 * @param sites one for each server, in the configuration's order
 */
export function endpointsOf(config: Config, sites: readonly Site[]): readonly Bound[] {
  const groups = new Map<string | Listen, { listen: Listen; members: [ServerConfig, Site, Listen][] }>();
  config.servers.forEach((server, index) => {
    const site = sites[index];
    if (site === undefined) return;
    for (const listen of server.listens) {
      const key = addressKey(listen);
      const group = groups.get(key) ?? { listen, members: [] };
      group.members.push([server, site, listen]);
      groups.set(key, group);
    }
  });
  return [...groups.values()].flatMap(({ listen, members }) => {
    const fallback = members.find(([, , own]) => own.isDefault) ?? members[0];
    if (fallback === undefined) return [];
    const names = new Map(
      members.flatMap(([server, site]) => server.names.map((name) => [name, site] as const)),
    );
    return [{ listen, endpoint: new Endpoint(fallback[1], names) }];
  });
}
