import { join } from 'node:path';
import { nodeProgram } from './node-program.js';
import type { Peer } from './peer.js';

/** The cost of a server on node:http that has no feature except its log. */
export const nodeHttp: Peer = {
  name: 'node-http',
  features: new Set(['error-page']),
  version: () => Promise.resolve(process.versions.node),
  async configure(site) {
    const log = site.shape.accessLog ? [join(site.directory, 'access.log')] : [];
    return nodeProgram('node-http-server.ts', site, ...log);
  },
};
