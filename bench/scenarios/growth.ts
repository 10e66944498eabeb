import { webserv } from '../peers/webserv.js';
import type { Scenario } from '../scenario.js';
import { requests } from '../workloads/requests.js';
import { ratioAtMost } from './contenders.js';
import { BROWSER_HEADERS } from './headers.js';

const workload = requests({
  path: '/site/1k.html',
  headers: BROWSER_HEADERS,
  status: 200,
  connections: 32,
});

const common = { needs: [], alike: 'content', workload } as const;

/** webserv compared with itself: the cost of a large configuration for a request that does not need it. */
export const growth: readonly Scenario[] = [
  {
    ...common,
    name: 'many-servers',
    title: '1,000 servers of 20 locations against one of each, 1 KiB',
    contenders: [
      { name: '1,000 × 20', peer: webserv, shape: { servers: 1000, locations: 20 } },
      { name: '1 × 1', peer: webserv, shape: {} },
    ],
    baseline: '1 × 1',
    targets: [ratioAtMost(1.05)],
  },
  {
    ...common,
    name: 'idle-plugins',
    title: '5 plugins loaded and not enabled against none, 1 KiB',
    contenders: [
      { name: '5 plugins', peer: webserv, shape: { idlePlugins: 5 } },
      { name: 'no plugin', peer: webserv, shape: {} },
    ],
    baseline: 'no plugin',
    targets: [ratioAtMost(1.01)],
  },
];
