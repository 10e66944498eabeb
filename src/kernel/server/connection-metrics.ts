import type { MetricsRegistry } from '../metrics/metrics.js';
import type { Acceptor } from './acceptor.js';

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
