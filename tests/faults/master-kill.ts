import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';
import { Client, eventually } from '../hostile/client.js';
import { type RunningCommand, startCommand } from '../hostile/command.js';
import { Load } from './load.js';
import { numberedConf, numberedFiles } from './numbered-site.js';
import { anyAlive, isAlive, processesWith } from './processes.js';
import { type Figure, Verdict } from './verdict.js';

const BOUND_MS = 5000;
const MARK = 'WEBSERV_FAULT_RUN';

const script = (body: string) => ({ content: `#!/bin/sh\n${body}\n`, mode: 0o755 });

/**
 * Each script has a reason not to end: it waits, it ignores SIGTERM, its children ignore it too, or it gets no input.
 */
const SCRIPTS = {
  'cgi/waits.cgi': script('sleep 600'),
  'cgi/stubborn.cgi': script("trap '' TERM\nwhile :; do sleep 600; done"),
  'cgi/parent.cgi': script("trap '' TERM\n(trap '' TERM; sleep 600) & (trap '' TERM; sleep 600) &\nwait"),
  'cgi/talks.cgi': script("printf 'Content-Type: text/plain\\n\\n'\nyes"),
};

export interface MasterKillOptions {
  /** Number of scripts of each kind. */
  readonly scripts: number;
}

/**
 * `kill -9` of the master under load, while scripts run whose clients stay. Its workers and the scripts end by
 * themselves, and another server can be started, which takes over the pid file.
 */
export async function masterKill({ scripts }: MasterKillOptions): Promise<readonly Figure[]> {
  const port = await freePort();
  const mark = `${MARK}=${process.pid}-${port}`;
  const conf = numberedConf(port, 1, {
    more: `location /cgi { root cgi; cgi .cgi; cgi_timeout 600s; cgi_env ${mark.replace('=', ' ')}; }`,
  });
  const files = { ...numberedFiles(1), ...SCRIPTS };
  await using server = await startCommand(conf, files);
  const [master = 0, ...workers] = await server.processes();
  const names = Object.keys(SCRIPTS).flatMap((name) => Array<string>(scripts).fill(name));
  const clients = await Promise.all(names.map(() => Client.connect(port, { reading: false })));
  for (const [index, client] of clients.entries()) {
    client.send(`GET /${names[index]} HTTP/1.1\r\nHost: a\r\n\r\n`);
  }
  const running = () => processesWith(mark);
  await eventually(
    'all scripts run',
    async () => (await running()).filter(({ leader }) => leader).length === names.length,
  );
  const load = new Load({ port, keepAlive: 16, oneShot: 4, pauseMs: 25 });
  await sleep(500);
  const { answered } = load;
  const began = performance.now();
  process.kill(master, 'SIGKILL');
  const since = async (check: () => Promise<boolean>): Promise<number> => {
    // Also waits beyond the bound, to measure by how much it is exceeded.
    await eventually('the end', check, 3 * BOUND_MS).catch(() => {});
    return performance.now() - began;
  };
  const [workersTook, scriptsTook] = await Promise.all([
    since(async () => !(await anyAlive(workers))),
    since(async () => (await running()).length === 0),
  ]);
  await load.stop();
  for (const client of clients) client[Symbol.dispose]();
  const verdict = new Verdict();
  verdict.atLeast('answers until then', answered, 1);
  verdict.atLeast('scripts running', names.length, scripts);
  verdict.below('workers gone after', workersTook, BOUND_MS, ' ms');
  verdict.below('scripts and their children gone after', scriptsTook, BOUND_MS, ' ms');
  verdict.tell('open requests that were cut', load.count('cut') + load.count('closed'));
  verdict.none('mixed up', load.count('mixed-up') + load.count('malformed'));
  if (!(await anyAlive(workers))) await startAgain(server, conf, files, verdict);
  for (const pid of workers) if (await isAlive(pid)) process.kill(pid, 'SIGKILL');
  for (const { pid } of await running()) process.kill(pid, 'SIGKILL');
  verdict.detail(server.log().slice(-2000));
  return verdict.close();
}

/** The pid file of the killed master does not prevent a new start. */
async function startAgain(
  killed: RunningCommand,
  conf: string,
  files: Parameters<typeof startCommand>[1],
  verdict: Verdict,
): Promise<void> {
  const pidFile = join(killed.directory, 'webserv.pid');
  await using next = await startCommand(conf.replace('pid webserv.pid', `pid ${pidFile}`), files);
  const answer = await fetch(`http://127.0.0.1:${next.port}/?again&10&0`);
  verdict.expect('another server in its place answers', String(answer.status), '200');
  verdict.expect(
    'and has its pid file',
    (await readFile(pidFile, 'utf8')).trim(),
    String((await next.processes())[0]),
  );
  verdict.expect('exit of the other server', String(await next.end('SIGTERM')), '0');
}
