import { usageOf } from '../accounting.js';
import { MIB } from '../content.js';
import type { Workload } from '../scenario.js';
import { startServer } from '../server.js';
import { originOf } from '../site.js';

/** Measures the time from the command to the first response. */
export const start: Workload = async (peer, site) => {
  const command = await peer.configure(site);
  return {
    response: undefined,
    end: () => Promise.resolve(),
    async measure() {
      const server = await startServer(command, originOf(site));
      const { cpu, resident } = usageOf(server.pid);
      await server.stop();
      return { start: server.startMs, startCpu: cpu / 1e6, memory: resident / MIB };
    },
  };
};
