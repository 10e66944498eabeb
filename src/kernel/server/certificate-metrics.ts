import type { ServerConfig } from '../contract/config.js';
import { MAX_SAMPLES, type MetricSample, type MetricsRegistry } from '../metrics/metrics.js';
import { formatAddress } from '../net/address.js';
import { expiryOf } from '../tls/certificate-checks.js';
import { certificatesOf, type KeyPair } from '../tls/key-pair.js';
import type { SecureServer } from '../tls/secure-server.js';
import type { Assembly } from './assembly.js';

/** Times of expiry, in milliseconds of `Date.now`: reading a certificate takes longer than all the rest. */
const known = new WeakMap<KeyPair, number>();

/** Shows how long the certificates in use are valid. Renewed ones count as soon as they are used. */
export function measureCertificates(
  { sites, secure }: Pick<Assembly, 'sites' | 'secure'>,
  metrics: MetricsRegistry,
): void {
  if (secure.size === 0) return;
  const servers = sites.flatMap(({ site, server }) => {
    const own = secure.get(site);
    return own === undefined ? [] : [{ label: labelOf(server), secure: own }];
  });
  metrics.gauge(
    {
      name: 'webserv_certificate_expiry_seconds',
      help: 'Seconds until a certificate of the server expires, the first of several.',
      labels: ['server'],
      // The processes of a server have the same certificates.
      merged: 'min',
    },
    () => samples(servers, Date.now()),
  );
}

interface LabelledServer {
  readonly label: string;
  readonly secure: SecureServer;
}

/** Those that expire first, where there are too many. */
function samples(servers: readonly LabelledServer[], now: number): readonly MetricSample[] {
  const seconds = new Map<string, number>();
  for (const { label, secure } of servers) {
    for (const pair of secure.pairs) {
      const left = Math.floor((expiry(pair) - now) / 1000);
      seconds.set(label, Math.min(seconds.get(label) ?? left, left));
    }
  }
  return Array.from(seconds, ([label, value]) => ({ labels: [label], value }))
    .toSorted((one, other) => one.value - other.value)
    .slice(0, MAX_SAMPLES);
}

function expiry(pair: KeyPair): number {
  const found = known.get(pair);
  if (found !== undefined) return found;
  const [own] = certificatesOf(pair.certificate, 'the certificate');
  const time = own === undefined ? 0 : expiryOf(own);
  known.set(pair, time);
  return time;
}

/** The first `server_name`; without one, the address. Servers of the same name at several addresses are one. */
function labelOf({ names, listens }: ServerConfig): string {
  const address = listens.find(({ tls }) => tls);
  return names[0] ?? (address === undefined ? '' : formatAddress(address));
}
