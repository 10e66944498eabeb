import { nodeProgram } from './node-program.js';
import type { Peer } from './peer.js';

/** What Node costs by itself: below it no server on it can be. */
export const nodeNet: Peer = {
  name: 'node-net',
  features: new Set(),
  version: () => Promise.resolve(process.versions.node),
  configure: async (site) => nodeProgram('node-net-server.ts', site),
};
