import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { usageOf } from '../accounting.js';
import { MIB } from '../content.js';
import { upload } from '../load/upload.js';
import type { Workload } from '../scenario.js';
import { startServer } from '../server.js';
import { originOf } from '../site.js';
import { percentile } from '../statistics.js';

const run = promisify(execFile);

export interface Uploads {
  readonly clients: number;
  /** Size of each file, in bytes. */
  readonly size: number;
}

/** Rounds until all code is compiled and the heap has reached its size. */
const WARM_ROUNDS = 3;

/** Each client PUTs one whole file a round, replacing its own of the round before. */
export function uploads({ clients, size }: Uploads): Workload {
  return async (peer, site) => {
    const server = await startServer(await peer.configure(site), originOf(site));
    const put = (name: string, bytes: number): Promise<number> =>
      upload({ port: site.port, path: `/store/${name}`, size: bytes });
    const putAll = (): Promise<number[]> =>
      Promise.all(Array.from({ length: clients }, (_, client) => put(`${client}.bin`, size)));
    try {
      await put('0.bin', size);
      const stored = await stat(join(site.directory, 'store/0.bin'));
      if (stored.size !== size) throw new Error(`${peer.name} stored ${stored.size} bytes of ${size}`);
      for (let round = 0; round < WARM_ROUNDS; round += 1) await putAll();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return {
      response: undefined,
      end: () => server.stop(),
      async measure() {
        // Pending disk writes of the previous server would otherwise be counted for this one.
        await run('sync');
        const before = usageOf(server.pid);
        const startedAt = performance.now();
        const latencies = await putAll();
        const seconds = (performance.now() - startedAt) / 1000;
        const after = usageOf(server.pid);
        return {
          cpu: (after.cpu - before.cpu) / 1000 / clients,
          rate: clients / seconds,
          p50: percentile(latencies, 0.5),
          p99: percentile(latencies, 0.99),
          memory: after.resident / MIB,
        };
      },
    };
  };
}
