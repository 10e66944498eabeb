import type { Socket } from 'node:net';
import type { Bound } from '../exchange/endpoints.js';

/** The listening socket for a port: the system lets a wildcard and a specific address share one only this way. */
export interface PortGroup {
  readonly listen: Bound['listen'];
  /** The address that a connection came to, with its servers. */
  boundFor(socket: Socket): Bound;
}

const WILDCARDS = new Set(['0.0.0.0', '::']);

export function byPort(bounds: readonly Bound[]): readonly PortGroup[] {
  const groups: PortGroup[] = [];
  for (const bound of bounds) {
    const { listen } = bound;
    if (listen.kind === 'unix' || listen.port === 0) {
      groups.push({ listen, boundFor: () => bound });
      continue;
    }
    const isSamePort = (other: Bound): boolean =>
      other.listen.kind === 'tcp' &&
      other.listen.port === listen.port &&
      other.listen.host.includes(':') === listen.host.includes(':');
    const family = bounds.filter(isSamePort);
    const isWildcard = ({ listen: own }: Bound): boolean => own.kind === 'tcp' && WILDCARDS.has(own.host);
    const wildcard = family.find(isWildcard);
    if (wildcard === undefined) groups.push({ listen, boundFor: () => bound });
    else if (wildcard === bound) groups.push({ listen, boundFor: chooser(bound, family) });
  }
  return groups;
}

function chooser(wildcard: Bound, family: readonly Bound[]): (socket: Socket) => Bound {
  if (family.length === 1) return () => wildcard;
  const specific = new Map(
    family.map((bound) => [bound.listen.kind === 'tcp' ? bound.listen.host : '', bound] as const),
  );
  return (socket) => specific.get(socket.localAddress ?? '') ?? wildcard;
}
