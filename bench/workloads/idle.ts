import { usageOf } from '../accounting.js';
import { KIB } from '../content.js';
import { holdConnections } from '../load/idle.js';
import { runWrk } from '../load/wrk.js';
import type { Workload } from '../scenario.js';
import { startServer } from '../server.js';
import { HOST } from '../site.js';

/** Long enough for a garbage collector that runs when nothing else does. */
const SETTLE_MS = 1500;

/** The first connections fill what the work before left free in the heap; the growth from there on is measured. */
const SETTLING_SHARE = 0.2;

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

/** What connections take that wait for their next request. Each round has a new server. */
export function idleConnections(count: number): Workload {
  return async (peer, site) => {
    const command = await peer.configure(site);
    return {
      answer: undefined,
      end: () => Promise.resolve(),
      async measure() {
        const server = await startServer(command, site.port);
        try {
          // What the server keeps once it has worked is not the connections'.
          await runWrk({
            url: `http://127.0.0.1:${site.port}/1k.html`,
            headers: { Host: HOST },
            connections: 32,
            pipelined: 1,
            seconds: 1,
          });
          await settled();
          const first = count * SETTLING_SHARE;
          const closeFirst = await holdConnections(site.port, first);
          await settled();
          const before = usageOf(server.pid);
          const closeRest = await holdConnections(site.port, count - first);
          await settled();
          const after = usageOf(server.pid);
          closeFirst();
          closeRest();
          return { connectionMemory: (after.resident - before.resident) / KIB / (count - first) };
        } finally {
          await server.stop();
        }
      },
    };
  };
}
