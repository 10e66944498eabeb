import type { MetricFamily } from '../kernel/metrics/metrics.js';

/** What only the master counts. */
export interface MasterCounts {
  readonly workers: number;
  readonly restarts: number;
  readonly generation: number;
}

export function masterFamilies({ workers, restarts, generation }: MasterCounts): readonly MetricFamily[] {
  return [
    family('webserv_workers', 'gauge', 'Workers of the generation that serves.', workers),
    family('webserv_worker_restarts_total', 'counter', 'Workers that had to be replaced.', restarts),
    family('webserv_config_generation', 'gauge', 'How often the configuration was loaded.', generation),
  ];
}

function family(name: string, kind: 'gauge' | 'counter', help: string, value: number): MetricFamily {
  return { name, kind, help, labels: [], samples: [{ labels: [], value }] };
}
