import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventually } from './client.js';
import { type RunningCommand, startCommand } from './command.js';
import { Health } from './health.js';

/**
 * Runs Debian's slowhttptest in its four modes against the real command, while an ordinary client sends a request ten
 * times a second: `npm run slow`. Exits with 1 if that client was not served, or the tool is missing.
 */

const MEDIAN_BOUND_MS = 200;
const WORST_BOUND_MS = 5000;

const CONF = `
error_log stderr warn;
client_header_timeout 3s;
client_body_timeout 3s;
keepalive_timeout 3s;
send_timeout 3s;
server {
  listen LISTEN;
  root www;
  location /files { root store; upload on; }
}
`;
const FILES = { 'www/index.html': 'home', 'www/page': 'p'.repeat(65_536), 'store/.keep': '' };

interface Mode {
  readonly name: string;
  readonly path: string;
  readonly flags: readonly string[];
  /**
   * Fraction of all connections; the response of a slow reader takes a hundred times the memory in the system's
   * buffers.
   */
  readonly part: number;
  /** The server has to close all of them itself. */
  readonly isCut: boolean;
}

const modes: readonly Mode[] = [
  { name: 'slow headers (-H)', path: '/', flags: ['-H', '-i', '1'], part: 1, isCut: true },
  { name: 'slow bodies (-B)', path: '/files/a', flags: ['-B', '-t', 'PUT', '-i', '1'], part: 1, isCut: true },
  {
    name: 'ranges (-R)',
    path: '/page',
    flags: ['-R', '-t', 'GET', '-a', '1', '-b', '1000'],
    part: 1,
    isCut: false,
  },
  {
    name: 'slow readers (-X)',
    path: '/page',
    flags: ['-X', '-w', '512', '-y', '1024', '-n', '1', '-z', '5', '-k', '3'],
    part: 0.3,
    isCut: false,
  },
];

interface Second {
  readonly closed: number;
  readonly connected: number;
  readonly available: boolean;
}

/** Runs the tool. @returns its report for each second */
async function attack(url: string, flags: readonly string[], report: string): Promise<readonly Second[]> {
  const tool = spawn('slowhttptest', [...flags, '-u', url, '-p', '5', '-g', '-o', report], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const output of [tool.stdout, tool.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const [code] = await once(tool, 'close');
  if (code !== 0) throw new Error(`slowhttptest ended with ${code}:\n${said}`);
  const [, ...lines] = (await readFile(`${report}.csv`, 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const [, closed = 0, , connected = 0, available = 0] = line.split(',').map(Number);
    return { closed, connected, available: available > 0 };
  });
}

async function run(
  mode: Mode,
  server: RunningCommand,
  connections: number,
  seconds: number,
): Promise<string[]> {
  const count = Math.round(connections * mode.part);
  const rate = ['-c', String(count), '-r', String(Math.ceil(count / 2)), '-l', String(seconds)];
  const descriptors = await server.descriptors();
  const health = new Health(server);
  const url = `http://127.0.0.1:${server.port}${mode.path}`;
  const report = await attack(url, [...mode.flags, ...rate], join(server.directory, 'report'));
  await eventually(
    'the connections ended',
    async () => (await server.descriptors()) <= descriptors + 2,
    30_000,
  );
  await health.stop();
  const { visits, failedVisits } = health;
  const median = visits[Math.floor(visits.length / 2)] ?? Number.NaN;
  const worst = visits.at(-1) ?? Number.NaN;
  const connected = Math.max(...report.map((second) => second.connected));
  const closed = report.at(-1)?.closed ?? 0;
  const unavailable = report.filter(({ available }) => !available).length;
  console.log(
    `${mode.name.padEnd(18)} ${String(count).padStart(5)} connections, ${connected} at once, ${closed} ended by the server; ` +
      `GET / median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms, of ${visits.length}; ` +
      `memory ${(health.peak / 1e6).toFixed(0)} MB at most`,
  );
  const problems: string[] = [];
  if (failedVisits > 0)
    problems.push(`${failedVisits} of ${visits.length} visits were not answered with 200`);
  if (!(median < MEDIAN_BOUND_MS)) problems.push(`the median is above ${MEDIAN_BOUND_MS} ms`);
  if (!(worst < WORST_BOUND_MS)) problems.push(`the worst is above ${WORST_BOUND_MS} ms`);
  if (unavailable > 0) problems.push(`the tool found no service in ${unavailable} seconds`);
  if (mode.isCut && connected < count / 2) problems.push('the tool did not get its connections: no attack');
  if (mode.isCut && closed < count / 2) problems.push('the slow connections were not ended');
  return problems.map((problem) => `${mode.name}: ${problem}`);
}

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '8' },
  },
});
const problems: string[] = [];
{
  await using server = await startCommand(CONF, FILES);
  const processes = (await server.processes()).join();
  for (const mode of modes) {
    problems.push(...(await run(mode, server, Number(values.connections), Number(values.seconds))));
    if ((await server.processes()).join() !== processes)
      problems.push(`a process of it ended:\n${server.log()}`);
  }
  if (/\[error\]/.test(server.log())) problems.push(`in the log:\n${server.log()}`);
}
for (const problem of problems) console.error(`PROBLEM ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
