import { setTimeout as sleep } from 'node:timers/promises';
import { Client, eventually } from '../hostile/client.js';
import { type RunningCommand, startCommand } from '../hostile/command.js';
import { Health } from '../hostile/health.js';
import { processesWith, zombiesOf } from './processes.js';
import { type Figure, Verdict } from './verdict.js';

/** Of all scripts together, in the one worker there is. */
const MAX_PROCESSES = 16;
/** Processes of one script at most, itself and its shell's children included. */
const FAMILY = 4;
const MEDIAN_BOUND_MS = 100;
/** From the clients' leaving: two seconds to SIGKILL, and some for a machine that has other things to do. */
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
 * So many scripts at once that sleep, fork, ignore SIGTERM, write to nobody who reads, or close their input. Processes stay
 * bounded, none is left or a zombie when the clients have gone, and other routes answer as if nothing was.
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
    // Those that are flooded do not read at all.
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
  verdict.below('scripts at once, at most', watch.mostScripts, MAX_PROCESSES + 1);
  verdict.below('processes at once, with all children', watch.mostProcesses, MAX_PROCESSES * FAMILY + 1);
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
  verdict.tell('memory at most', `${(health.peak / 1e6).toFixed(0)} MB`);
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
  /** Ended processes that were still there at the next look. */
  zombies = 0;
  readonly #leaders = new Set<number>();
  #watching = true;
  readonly #done: Promise<void>;

  constructor(server: RunningCommand) {
    this.#done = this.#watch(server);
  }

  /** How many scripts there have been. */
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
