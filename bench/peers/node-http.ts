import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Peer } from './peer.js';

const SERVER = fileURLToPath(new URL('node-http-server.ts', import.meta.url));

/** What a server on node:http costs, before it has any feature. */
export const nodeHttp: Peer = {
  name: 'node-http',
  features: new Set(['error-page']),
  version: () => Promise.resolve(process.versions.node),
  configure: ({ content, port, folder, shape }) =>
    Promise.resolve([
      process.execPath,
      '--import',
      'jiti/register',
      SERVER,
      String(port),
      join(content, 'www'),
      ...(shape.accessLog ? [join(folder, 'access.log')] : []),
    ]),
};
