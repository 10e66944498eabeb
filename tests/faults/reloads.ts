import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';
import { eventually } from '../hostile/client.js';
import { type RunningCommand, startCommand } from '../hostile/command.js';
import { Load } from './load.js';
import { deployNumbered, numberedConf, numberedFiles } from './numbered-site.js';
import { type Figure, Verdict } from './verdict.js';

export interface ReloadsOptions {
  readonly reloads: number;
  readonly seconds: number;
  readonly keepAlive?: number;
  readonly oneShot?: number;
}

/**
 * Deploys another version and reloads the server, again and again, while clients send requests without end. No request
 * fails, no connection is refused, and every response is complete and of one version that may be served at the time.
 */
export async function reloads({
  reloads: count,
  seconds,
  keepAlive = 64,
  oneShot = 16,
}: ReloadsOptions): Promise<readonly Figure[]> {
  const port = await freePort();
  await using server = await startCommand(numberedConf(port, 1), numberedFiles(1));
  const [master = 0] = await server.processes();
  let newest = 1;
  /** After the old workers have ended. */
  let oldest = 1;
  const load = new Load({ port, keepAlive, oneShot, pauseMs: 25, versions: () => ({ oldest, newest }) });
  const began = performance.now();
  for (let done = 1; done <= count; done += 1) {
    await sleep(Math.max(0, began + (done * seconds * 1000) / count - performance.now()));
    newest += 1;
    await deployNumbered(server.directory, port, newest);
    process.kill(master, 'SIGHUP');
  }
  const last = newest;
  const generations = (): number => (server.log().match(/reloaded: generation/g) ?? []).length;
  await eventually('the last version served', () => (load.versions.get(last) ?? 0) > 0, 30_000);
  await oldWorkersGone(server);
  oldest = last;
  const before = load.answered;
  await sleep(1000);
  await load.stop();
  const verdict = new Verdict();
  verdict.tell('answers', load.answered);
  verdict.atLeast('reloads asked for', newest - 1, count);
  verdict.tell('generations served', generations());
  verdict.atLeast('answers of the last version alone', load.answered - before, 1);
  verdict.none('failed', load.count('cut') + load.count('closed') + load.count('late'));
  verdict.none('refused', load.count('refused'));
  verdict.none('mixed up', load.count('mixed-up') + load.count('malformed'));
  verdict.none('of a version long replaced', load.count('stale'));
  verdict.below('longest time without any answer', load.silence, 2000, ' ms');
  // The clients never pause for long, so a connection that ended under a request was not idle.
  verdict.none('kept connections that ended under a request', load.retried);
  verdict.expect('exit', String(await server.end('SIGTERM')), '0');
  verdict.detail(...load.examples);
  if (/not reloaded|\[error\]/.test(server.log())) verdict.detail(server.log());
  return verdict.close();
}

/** Waits until only the master and two workers are left. */
function oldWorkersGone(server: RunningCommand): Promise<void> {
  return eventually('the old workers gone', async () => (await server.processes()).length === 3, 30_000);
}
