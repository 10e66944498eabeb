import { nodeProgram } from './node-program.js';
import type { Peer } from './peer.js';

/** The cost of Node itself: a lower bound for every server on it. */
export const nodeNet: Peer = {
  name: 'node-net',
  features: new Set(['tls']),
  version: () => Promise.resolve(process.versions.node),
  configure: async (site) =>
    nodeProgram('node-net-server.ts', site, ...(site.shape.tls ? [site.content] : [])),
};
