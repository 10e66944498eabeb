import { MIB } from '../content.js';
import type { Scenario } from '../scenario.js';
import { idleConnections } from '../workloads/idle.js';
import { requests } from '../workloads/requests.js';
import { start } from '../workloads/start.js';
import { uploads } from '../workloads/uploads.js';
import { leastOfNode, nativeServers, ratioAtMost } from './contenders.js';
import { BROWSER_HEADERS } from './headers.js';

const common = { contenders: nativeServers, baseline: 'nginx', needs: [], alike: 'content' } as const;

export const connections: readonly Scenario[] = [
  {
    ...common,
    contenders: [...nativeServers, leastOfNode],
    name: 'new-connection',
    title: "1 KiB file, a new connection each request, a browser's headers",
    workload: requests({
      path: '/1k.html',
      headers: { ...BROWSER_HEADERS, Connection: 'close' },
      status: 200,
      connections: 32,
    }),
    targets: [ratioAtMost(1.5)],
  },
  {
    ...common,
    name: 'put',
    title: 'PUT 100 MiB, 8 clients',
    needs: ['put'],
    workload: uploads({ clients: 8, size: 100 * MIB }),
    targets: [ratioAtMost(1.3), { metric: 'memory', of: 'value', bound: 'at most', limit: 120 }],
    maxRounds: 5,
  },
  {
    ...common,
    name: 'idle',
    title: '10,000 idle keep-alive connections, memory of each',
    workload: idleConnections(10_000),
    targets: [{ metric: 'connectionMemory', of: 'value', bound: 'at most', limit: 8 }],
    maxRounds: 1,
  },
  {
    ...common,
    name: 'start',
    title: 'from the command to the first response',
    workload: start,
    targets: [{ metric: 'start', of: 'value', bound: 'at most', limit: 200 }],
  },
];
