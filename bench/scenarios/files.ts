import { KIB } from '../content.js';
import type { Scenario } from '../scenario.js';
import { requests } from '../workloads/requests.js';
import { everyServer, halfOf, leastOfNode, nativeServers, rateAtLeast, ratioAtMost } from './contenders.js';
import { BROWSER_HEADERS } from './headers.js';

const CONNECTIONS = 32;
const MIDDLE_OF_GIB = 512 * KIB * KIB;

const common = { baseline: 'nginx', needs: [], alike: 'content' } as const;

export const files: readonly Scenario[] = [
  {
    ...common,
    name: '1k',
    title: "1 KiB file, keep-alive, a browser's headers",
    contenders: [...everyServer, leastOfNode],
    workload: requests({
      path: '/1k.html',
      headers: BROWSER_HEADERS,
      status: 200,
      connections: CONNECTIONS,
    }),
    targets: [ratioAtMost(0.95), halfOf('node-http'), halfOf('fastify-static')],
  },
  {
    ...common,
    name: '100k',
    title: "100 KiB file, keep-alive, a browser's headers",
    contenders: everyServer,
    workload: requests({
      path: '/100k.html',
      headers: BROWSER_HEADERS,
      status: 200,
      connections: CONNECTIONS,
    }),
    targets: [ratioAtMost(0.85)],
  },
  {
    ...common,
    name: '1k-bare',
    title: '1 KiB file, keep-alive, bare headers',
    contenders: nativeServers,
    workload: requests({ path: '/1k.html', headers: {}, status: 200, connections: CONNECTIONS }),
    targets: [ratioAtMost(0.9)],
  },
  {
    ...common,
    name: 'not-modified',
    title: "304 by If-None-Match, a browser's headers",
    contenders: nativeServers,
    workload: requests({
      path: '/1k.html',
      headers: BROWSER_HEADERS,
      status: 304,
      connections: CONNECTIONS,
      revalidates: true,
    }),
    targets: [ratioAtMost(0.95)],
  },
  {
    ...common,
    name: 'pipelined',
    title: '1 KiB file, 16 requests in one write, bare headers',
    contenders: nativeServers,
    workload: requests({
      path: '/1k.html',
      headers: {},
      status: 200,
      connections: CONNECTIONS,
      pipelined: 16,
    }),
    targets: [ratioAtMost(0.8)],
  },
  {
    ...common,
    name: '10m',
    title: '10 MiB file, 8 clients',
    contenders: nativeServers,
    workload: requests({ path: '/10m.bin', headers: BROWSER_HEADERS, status: 200, connections: 8 }),
    targets: [ratioAtMost(1.25), rateAtLeast(1.1)],
  },
  {
    ...common,
    name: 'range',
    title: '64 KiB from the middle of a 1 GiB file',
    contenders: nativeServers,
    needs: ['range'],
    workload: requests({
      path: '/1g.bin',
      headers: { ...BROWSER_HEADERS, Range: `bytes=${MIDDLE_OF_GIB}-${MIDDLE_OF_GIB + 64 * KIB - 1}` },
      status: 206,
      connections: CONNECTIONS,
    }),
    targets: [ratioAtMost(1.2)],
  },
  {
    ...common,
    name: 'not-found',
    title: "404 with a custom page, a browser's headers",
    contenders: nativeServers,
    needs: ['error-page'],
    workload: requests({
      path: '/missing.html',
      headers: BROWSER_HEADERS,
      status: 404,
      connections: CONNECTIONS,
    }),
    targets: [ratioAtMost(1)],
  },
  {
    ...common,
    name: 'listing',
    title: 'listing of 1,000 files',
    contenders: nativeServers,
    needs: ['listing'],
    // Every server has its own error page.
    alike: 'status',
    workload: requests({ path: '/listing/', headers: BROWSER_HEADERS, status: 200, connections: 8 }),
    targets: [ratioAtMost(1)],
  },
];
