import type { Socket } from 'node:net';
import type { Site } from '../exchange/dispatch.js';
import type { Bound } from '../exchange/endpoints.js';
import type { Endpoint } from '../routing/router.js';

/** The listening socket for a port: the system lets a wildcard and a specific address share one only this way. */
export interface PortGroup {
  readonly listen: Bound['listen'];
  endpointFor(socket: Socket): Endpoint<Site>;
}

const WILDCARDS = new Set(['0.0.0.0', '::']);

export function byPort(bounds: readonly Bound[]): readonly PortGroup[] {
  const groups: PortGroup[] = [];
  for (const bound of bounds) {
    const { listen, endpoint } = bound;
    if (listen.kind === 'unix' || listen.port === 0) {
      groups.push({ listen, endpointFor: () => endpoint });
      continue;
    }
    const isSamePort = (other: Bound): boolean =>
      other.listen.kind === 'tcp' &&
      other.listen.port === listen.port &&
      other.listen.host.includes(':') === listen.host.includes(':');
    const family = bounds.filter(isSamePort);
    const isWildcard = ({ listen: own }: Bound): boolean => own.kind === 'tcp' && WILDCARDS.has(own.host);
    const wildcard = family.find(isWildcard);
    if (wildcard === undefined) groups.push({ listen, endpointFor: () => endpoint });
    else if (wildcard === bound) groups.push({ listen, endpointFor: chooser(bound, family) });
  }
  return groups;
}

function chooser(wildcard: Bound, family: readonly Bound[]): (socket: Socket) => Endpoint<Site> {
  if (family.length === 1) return () => wildcard.endpoint;
  const specific = new Map(
    family.map(({ listen, endpoint }) => [listen.kind === 'tcp' ? listen.host : '', endpoint] as const),
  );
  return (socket) => specific.get(socket.localAddress ?? '') ?? wildcard.endpoint;
}
