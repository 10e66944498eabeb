import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { versionIn } from '../../src/cli/version.js';
import type { Peer } from './peer.js';

const SERVER = fileURLToPath(new URL('fastify-static-server.ts', import.meta.url));
const MANIFEST = new URL('../../node_modules/@fastify/static/package.json', import.meta.url);

/** What people serve files with on Node: fastify with its plugin for files. */
export const fastifyStatic: Peer = {
  name: 'fastify-static',
  features: new Set(['range']),
  async version() {
    const version = await versionIn(MANIFEST);
    return version === 'unknown' ? undefined : version;
  },
  configure: ({ content, port }) =>
    Promise.resolve([
      process.execPath,
      '--import',
      'jiti/register',
      SERVER,
      String(port),
      join(content, 'www'),
    ]),
};
