import { setTimeout as sleep } from 'node:timers/promises';
import { Client, eventually } from '../hostile/client.js';
import { type RunningCommand, startCommand } from '../hostile/command.js';
import { Health } from '../hostile/health.js';
import { processesWith, zombiesOf } from './processes.js';
import { type Figure, Verdict } from './verdict.js';

/** Maximum for all scripts together, in the only worker. */
const MAX_PROCESSES = 16;
/** Maximum number of processes of a script, including itself and the children of its shell. */
const FAMILY = 4;
const MEDIAN_BOUND_MS = 100;
/** After the clients have left: two seconds to SIGKILL, plus a margin for a busy machine. */
const GONE_WITHIN_MS = 10_000;

const script = (body: string) => ({ content: `#!/bin/sh\n${body}\n`, mode: 0o755 });
const HEAD = "printf 'Content-Type: text/plain\\n\\n'";

/** None of them ends by itself in time. */
const SCRIPTS = {
  'cgi/sleeps.cgi': script(`${HEAD}\nsleep 600`),
  'cgi/forks.cgi': script('sleep 600 & sleep 600 & sleep 600 &\nwait'),
  'cgi/stubborn.cgi': script("trap '' TERM\nwhile :; do sleep 600; done"),
  'cgi/floods.cgi': script(`${HEAD}\nexec yes`),
  'cgi/deaf.cgi': script('exec <&-\nsleep 600'),
};

const mark = `WEBSERV_FAULT_SCRIPTS=${process.pid}`;

const CONF = `
workers 1;
error_log error.log;
cgi_max_processes ${MAX_PROCESSES};
server {
  listen LISTEN;
  root www;
  send_timeout 60s;
  location /cgi { root cgi; cgi .cgi; cgi_timeout 1s; cgi_env ${mark.replace('=', ' ')}; }
}
`;

export interface ScriptsOptions {
  readonly requests: number;
  /** How long the clients stay. */
  readonly seconds: number;
}

/**
 * Many concurrent scripts that sleep, fork, ignore SIGTERM, write to clients that do not read, or close their input.
 * The number of processes stays bounded, no process or zombie is left when the clients have gone, and other routes
 * respond as usual.
 */
export async function badScripts({ requests, seconds }: ScriptsOptions): Promise<readonly Figure[]> {
  await using server = await startCommand(CONF, { ...SCRIPTS, 'www/index.html': 'home' });
  const names = Object.keys(SCRIPTS);
  const clients = await Promise.all(
    Array.from({ length: requests }, () => Client.connect(server.port, { reading: false })),
  );
  const health = new Health(server);
  for (const [index, client] of clients.entries()) {
    const head = `POST /${names[index % names.length]} HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n`;
    client.send(head + 'x'.repeat(20_000));
    // Clients of the scripts that write without end do not read at all.
    if (index % names.length !== 3) client.read();
  }
  const watch = new ProcessWatch(server);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) await sleep(100);
  const answers = countStatuses(clients);
  for (const client of clients) client.reset();
  const left = performance.now();
  const running = async () => (await processesWith(mark)).length;
  await eventually('all scripts gone', async () => (await running()) === 0, 2 * GONE_WITHIN_MS).catch(
    () => {},
  );
  const goneAfter = performance.now() - left;
  await health.stop();
  await watch.stop();
  const { visits } = health;
  const verdict = new Verdict();
  verdict.tell('requests', `${requests}: ${answers}`);
  verdict.atLeast('scripts seen', watch.seen, MAX_PROCESSES);
  verdict.below('concurrent scripts, maximum', watch.mostScripts, MAX_PROCESSES + 1);
  verdict.below('concurrent processes, with all children', watch.mostProcesses, MAX_PROCESSES * FAMILY + 1);
  verdict.below('processes gone after the clients left', goneAfter, GONE_WITHIN_MS, ' ms');
  verdict.none('processes left', await running());
  verdict.none('zombies for longer than a moment', watch.zombies);
  verdict.none('zombies left', (await zombiesOf(await server.processes())).length);
  verdict.below(
    'GET / meanwhile, median',
    visits[Math.floor(visits.length / 2)] ?? Number.NaN,
    MEDIAN_BOUND_MS,
    ' ms',
  );
  verdict.tell('GET / meanwhile, longest', `${visits.at(-1)?.toFixed(1)} ms of ${visits.length}`);
  verdict.none('GET / meanwhile, failed', health.failedVisits);
  verdict.tell('memory, maximum', `${(health.peak / 1e6).toFixed(0)} MB`);
  verdict.expect('exit', String(await server.end('SIGTERM')), '0');
  return verdict.close();
}

function countStatuses(clients: readonly Client[]): string {
  const statuses = new Map<string, number>();
  for (const client of clients) {
    const status = client.size > 0 ? client.text.slice(9, 12) : client.end;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  return [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
}

/** Counts the processes of the scripts while they run. */
class ProcessWatch {
  mostScripts = 0;
  mostProcesses = 0;
  /** Number of zombies that still existed at the next sample. */
  zombies = 0;
  readonly #leaders = new Set<number>();
  #watching = true;
  readonly #done: Promise<void>;

  constructor(server: RunningCommand) {
    this.#done = this.#watch(server);
  }

  /** Number of scripts so far. */
  get seen(): number {
    return this.#leaders.size;
  }

  async stop(): Promise<void> {
    this.#watching = false;
    await this.#done;
  }

  async #watch(server: RunningCommand): Promise<void> {
    const own = await server.processes();
    let before: readonly number[] = [];
    for (; this.#watching; await sleep(200)) {
      const all = await processesWith(mark);
      const leaders = all.filter(({ leader }) => leader);
      for (const { pid } of leaders) this.#leaders.add(pid);
      this.mostScripts = Math.max(this.mostScripts, leaders.length);
      this.mostProcesses = Math.max(this.mostProcesses, all.length);
      const zombies = await zombiesOf(own);
      this.zombies += zombies.filter((pid) => before.includes(pid)).length;
      before = zombies;
    }
  }
}
