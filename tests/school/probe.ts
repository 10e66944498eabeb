import { setTimeout as sleep } from 'node:timers/promises';
import { exchange } from './client.js';

/**
 * A visitor in a separate process, so that the load's own work is not counted for the server: sends `GET /` ten times a
 * second until the parent stops it, then every time it took, in milliseconds.
 */
const port = Number(process.argv[2]);
const times: number[] = [];
let enough = false;
process.once('message', () => {
  enough = true;
});

while (!enough) {
  const start = performance.now();
  const { status } = await exchange(port, '/');
  if (status !== 200) throw new Error(`GET / in the middle of the load: ${status}`);
  times.push(performance.now() - start);
  await sleep(100);
}
process.send?.(times, () => process.disconnect());
