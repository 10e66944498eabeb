import type { MetricFamily } from '../kernel/metrics/metrics.js';

/** Numbers that only the master knows. */
export interface MasterCounts {
  readonly workers: number;
  readonly restarts: number;
  readonly generation: number;
}

export function masterFamilies({ workers, restarts, generation }: MasterCounts): readonly MetricFamily[] {
  return [
    family('webserv_workers', 'gauge', 'Workers of the current generation.', workers),
    family(
      'webserv_worker_restarts_total',
      'counter',
      'Workers replaced because they ended or hung.',
      restarts,
    ),
    family('webserv_config_generation', 'gauge', 'Number of times the configuration was loaded.', generation),
  ];
}

function family(name: string, kind: 'gauge' | 'counter', help: string, value: number): MetricFamily {
  return { name, kind, help, labels: [], samples: [{ labels: [], value }] };
}
