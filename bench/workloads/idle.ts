import { usageOf } from '../accounting.js';
import { KIB } from '../content.js';
import { holdConnections } from '../load/idle.js';
import { runWrk } from '../load/wrk.js';
import type { Workload } from '../scenario.js';
import { startServer } from '../server.js';
import { HOST, originOf } from '../site.js';

/** Long enough for a garbage collection that runs when the process is idle. */
const SETTLE_MS = 1500;

/** The first connections use heap that the load before left free; only the growth after them is measured. */
const SETTLING_SHARE = 0.2;

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

/** Measures the memory of idle connections. Each round has a new server. */
export function idleConnections(count: number): Workload {
  return async (peer, site) => {
    const command = await peer.configure(site);
    const origin = originOf(site);
    return {
      response: undefined,
      end: () => Promise.resolve(),
      async measure() {
        const server = await startServer(command, origin);
        try {
          // Memory that the server keeps after its first load does not belong to the connections.
          await runWrk({
            url: `${origin}/1k.html`,
            headers: { Host: HOST },
            connections: 32,
            pipelined: 1,
            seconds: 1,
          });
          await settled();
          const first = count * SETTLING_SHARE;
          const closeFirst = await holdConnections(origin, first);
          await settled();
          const before = usageOf(server.pid);
          const closeRest = await holdConnections(origin, count - first);
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
