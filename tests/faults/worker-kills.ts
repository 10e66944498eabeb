import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';
import { eventually } from '../hostile/client.js';
import { type RunningCommand, startCommand } from '../hostile/command.js';
import { ExchangeError, Line } from './exchange.js';
import { Load } from './load.js';
import { numberedConf, numberedFiles } from './numbered-site.js';
import { clientPortsOf } from './processes.js';
import { type Figure, Verdict } from './verdict.js';

export interface WorkerKillsOptions {
  readonly seconds: number;
}

/** Connects again and again, as a monitor of the site does. */
class DoorWatch {
  knocks = 0;
  refused = 0;
  #watching = true;
  readonly #done: Promise<void>;

  constructor(port: number) {
    this.#done = this.#watch(port);
  }

  async stop(): Promise<void> {
    this.#watching = false;
    await this.#done;
  }

  async #watch(port: number): Promise<void> {
    for (; this.#watching; await sleep(10)) {
      this.knocks += 1;
      try {
        (await Line.connect(port)).close();
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error;
        this.refused += 1;
      }
    }
  }
}

/**
 * Stops a random worker, so that its connections are known and do not change, and kills it.
 * @returns the ports of its clients; undefined when no worker exists
 */
async function killOne(server: RunningCommand): Promise<ReadonlySet<number> | undefined> {
  const [, ...workers] = await server.processes();
  const worker = workers[Math.floor(Math.random() * workers.length)];
  if (worker === undefined) return undefined;
  try {
    process.kill(worker, 'SIGSTOP');
    await sleep(5);
    const ports = await clientPortsOf(worker);
    process.kill(worker, 'SIGKILL');
    return ports;
  } catch {
    // The worker has ended by itself since, which its failed requests will show.
    return undefined;
  }
}

/**
 * `kill -9` of a random worker every second under load. Only requests in progress in that worker fail, the port always
 * accepts connections, and in the end the number of workers is complete.
 */
export async function workerKills({ seconds }: WorkerKillsOptions): Promise<readonly Figure[]> {
  const port = await freePort();
  await using server = await startCommand(numberedConf(port, 1), numberedFiles(1));
  const load = new Load({ port, keepAlive: 64, oneShot: 16, pauseMs: 25 });
  const door = new DoorWatch(port);
  const lost = new Set<number>();
  let kills = 0;
  let most = 0;
  for (let tries = 0; kills < seconds && tries < 2 * seconds; tries += 1) {
    // A second after the last kill, even if that was late: two in a row would be another test.
    await sleep(1000);
    const ports = await killOne(server);
    if (ports === undefined) continue;
    kills += 1;
    most = Math.max(most, ports.size);
    for (const clientPort of ports) lost.add(clientPort);
  }
  await eventually('both workers back', async () => (await server.processes()).length === 3, 30_000);
  await sleep(500);
  await Promise.all([load.stop(), door.stop()]);
  const elsewhere = load.failures.filter(({ port: own, trouble }) => trouble !== 'refused' && !lost.has(own));
  const verdict = new Verdict();
  verdict.tell('answers', load.answered);
  verdict.atLeast('workers killed', kills, seconds);
  verdict.tell(
    'failed, on a connection of the worker that was killed',
    load.failures.length - elsewhere.length,
  );
  verdict.tell('of which asked again on a new connection', load.retried);
  verdict.tell('connections of a worker that was killed, at most', most);
  verdict.none('failed, on any other connection', elsewhere.length);
  verdict.none('refused to clients', load.count('refused'));
  verdict.tell('other connections opened meanwhile', door.knocks);
  verdict.none('of them refused', door.refused);
  verdict.below('longest time without any answer', load.silence, 2000, ' ms');
  verdict.atLeast('workers in the end', (await server.processes()).length - 1, 2);
  verdict.expect('exit', String(await server.end('SIGTERM')), '0');
  verdict.detail(...elsewhere.map(({ text }) => text), server.log().slice(-3000));
  return verdict.close();
}
