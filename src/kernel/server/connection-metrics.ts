import type { MetricsRegistry } from '../metrics/metrics.js';
import type { Acceptor } from './acceptor.js';
import type { HandshakeCount } from './secure-entrance.js';

/** The kernel's own metrics: the states of the connections at the time of the scrape. */
export function measureConnections(acceptor: Acceptor, metrics: MetricsRegistry): void {
  metrics.gauge(
    {
      name: 'webserv_connections',
      help: 'Open client connections, by what they are about.',
      labels: ['state'],
    },
    () => Array.from(acceptor.states(), ([state, value]) => ({ labels: [state], value })),
  );
  metrics.observed(
    { name: 'webserv_connections_accepted_total', help: 'Client connections accepted.' },
    () => acceptor.counts.accepted,
  );
  metrics.observed(
    {
      name: 'webserv_connections_refused_total',
      help: 'Client connections that got 503 because max_connections was reached.',
    },
    () => acceptor.counts.refused,
  );
  metrics.gauge({ name: 'webserv_memory_bytes', help: 'Resident memory of the worker processes.' }, () =>
    process.memoryUsage.rss(),
  );
}

/** Counts TLS handshakes. */
export function handshakeCount(metrics: MetricsRegistry): HandshakeCount {
  const handshakes = metrics.counter({
    name: 'webserv_tls_handshakes_total',
    help: 'TLS handshakes, by how they ended: ok, failed, timeout, closed, rejected or plain (no TLS).',
    labels: ['result', 'protocol', 'resumed'],
  });
  return (result, protocol, isResumed) => handshakes.add(1, result, protocol, isResumed ? '1' : '0');
}
