import { versionIn } from '../../src/cli/version.js';
import { nodeProgram } from './node-program.js';
import type { Peer } from './peer.js';

const MANIFEST = new URL('../../node_modules/@fastify/static/package.json', import.meta.url);

/** The common way to serve files with Node: fastify with its plugin for static files. */
export const fastifyStatic: Peer = {
  name: 'fastify-static',
  features: new Set(['range']),
  async version() {
    const version = await versionIn(MANIFEST);
    return version === 'unknown' ? undefined : version;
  },
  configure: async (site) => nodeProgram('fastify-static-server.ts', site),
};
