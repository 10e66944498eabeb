import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Lowest port. All of them are below 32768, where Linux begins to assign ports by itself (to `listen` on port 0 and to
 * clients): a port that is free now stays free until the test uses it.
 */
const FIRST = 10_000;
/** Number of ports for each of Vitest's workers, which run test files at the same time. */
const SHARE = 1_000;
const SHARES = 20;

const share = FIRST + (Number(process.env.VITEST_POOL_ID ?? 0) % SHARES) * SHARE;
/** Random, because servers of the file that this worker ran before may still be closing. */
let offset = Math.floor(Math.random() * SHARE);

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port);
  const isListening = await once(probe, 'listening').then(
    () => true,
    () => false,
  );
  if (isListening) await new Promise((resolve) => probe.close(resolve));
  return isListening;
}

/** Returns a port for a server that must keep its port over reloads and restarts. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < SHARE; tries += 1) {
    offset = (offset + 1) % SHARE;
    const port = share + offset;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is free from ${share} to ${share + SHARE - 1}`);
}
