import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Peer } from './peer.js';

const SERVER = fileURLToPath(new URL('node-net-server.ts', import.meta.url));

/** What Node costs by itself: below it no server on it can be. */
export const nodeNet: Peer = {
  name: 'node-net',
  features: new Set(),
  version: () => Promise.resolve(process.versions.node),
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
