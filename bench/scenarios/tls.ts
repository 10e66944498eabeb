import { CERTIFICATE } from '../content.js';
import { nginx, nginxTuned } from '../peers/nginx.js';
import type { Peer } from '../peers/peer.js';
import { webserv } from '../peers/webserv.js';
import type { Contender, Scenario } from '../scenario.js';
import { idleConnections } from '../workloads/idle.js';
import { requests } from '../workloads/requests.js';
import { leastOfNode, ratioAtMost } from './contenders.js';
import { BROWSER_HEADERS } from './headers.js';

const encrypted = (peer: Peer): Contender => ({ name: peer.name, peer, shape: { tls: true } });
const contenders = [webserv, nginxTuned, nginx].map(encrypted);
/** The cost of TLS in Node itself. */
const withLeastOfNode = [...contenders, encrypted(leastOfNode.peer)];

const common = {
  contenders,
  baseline: nginxTuned.name,
  needs: ['tls'],
  alike: 'content',
  file: CERTIFICATE,
} as const;

/** For rows with a connection for each request. */
const WARM_CONNECTIONS = 8000;

const page = { path: '/1k.html', headers: BROWSER_HEADERS, status: 200, connections: 32 } as const;

/** TLS 1.3 with a certificate of ECDSA P-256, as the client and the servers choose it by default. */
export const tls: readonly Scenario[] = [
  {
    ...common,
    contenders: withLeastOfNode,
    name: 'tls-1k',
    title: "TLS: 1 KiB file, keep-alive, a browser's headers",
    workload: requests(page),
    targets: [ratioAtMost(1)],
  },
  {
    ...common,
    name: 'tls-100k',
    title: "TLS: 100 KiB file, keep-alive, a browser's headers",
    workload: requests({ ...page, path: '/100k.html' }),
    targets: [ratioAtMost(1)],
  },
  {
    ...common,
    name: 'tls-10m',
    title: 'TLS: 10 MiB file, 8 clients',
    workload: requests({ ...page, path: '/10m.bin', connections: 8 }),
    targets: [ratioAtMost(1.2)],
  },
  {
    ...common,
    contenders: withLeastOfNode,
    name: 'tls-full-handshake',
    title: 'TLS: 1 KiB file, a new connection each request, with a full handshake',
    workload: requests({
      ...page,
      headers: {},
      connections: 8,
      fullHandshakes: true,
      warmRequests: WARM_CONNECTIONS,
    }),
    targets: [ratioAtMost(1.6)],
  },
  {
    ...common,
    contenders: withLeastOfNode,
    name: 'tls-idle',
    title: 'TLS: 2,000 idle keep-alive connections, memory of each',
    workload: idleConnections(2000),
    targets: [{ metric: 'connectionMemory', of: 'difference', bound: 'at most', limit: 15 }],
    maxRounds: 1,
  },
  {
    ...common,
    contenders: withLeastOfNode,
    name: 'tls-resumed',
    title: 'TLS: 1 KiB file, a new connection each request, with a session of the connection before',
    // wrk offers the session that it got on the connection before.
    workload: requests({
      ...page,
      headers: { ...BROWSER_HEADERS, Connection: 'close' },
      warmRequests: WARM_CONNECTIONS,
    }),
    targets: [ratioAtMost(1.8)],
  },
];
