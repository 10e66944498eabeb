import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../hostile/client.js';
import { startCommand } from '../hostile/command.js';
import { MemoryCurve } from './memory-curve.js';
import { type Figure, Verdict } from './verdict.js';

/** Per cent. */
const AVAILABILITY = 99.99;
const WARM_AFTER_SECONDS = 60;
/**
 * Settings of the tool, instead of those of the user. It requests the page, and none of the files that the page refers
 * to.
 */
const SETTINGS = 'verbose = false\nlogging = false\nparser = false\nlimit = 255\ncache = false\n';

interface Report {
  readonly transactions: number;
  readonly failed: number;
  readonly rate: number;
  readonly longest: number;
}

export interface SiegeOptions {
  readonly seconds: number;
  readonly concurrent?: number;
  /**
   * Maximum growth of the last third of the run over the first, once the server is warm: the longer the run, the less.
   */
  readonly maxGrowthMb: number;
}

/** Debian's siege on an empty page: no connection is refused, memory does not grow, and every descriptor is closed. */
export async function siege({
  seconds,
  concurrent = 25,
  maxGrowthMb,
}: SiegeOptions): Promise<readonly Figure[]> {
  await using server = await startCommand('workers 2; server { listen LISTEN; root www; }', {
    'www/empty.html': '',
    'siege.conf': SETTINGS,
  });
  const url = `http://127.0.0.1:${server.port}/empty.html`;
  // On a busy machine a run of one second may be over before it has begun.
  await besiege(server.directory, url, 10, 1).catch(() => besiege(server.directory, url, 10, 3));
  await eventually('idle', async () => (await fetch(url, { headers: { connection: 'close' } })).ok);
  await sleep(500);
  const descriptors = await server.descriptors();
  const processes = (await server.processes()).join();
  const warmUp = Math.min(WARM_AFTER_SECONDS, seconds / 3);
  const report = besiege(server.directory, url, concurrent, seconds);
  // Awaited below; without this handler, an earlier rejection would be unhandled.
  report.catch(() => {});
  await sleep(warmUp * 1000);
  const memory = new MemoryCurve(server.memory);
  await sleep((seconds - warmUp) * 1000);
  await memory.stop();
  const { transactions, failed, rate, longest } = await report;
  await eventually('descriptors back', async () => (await server.descriptors()) <= descriptors).catch(
    () => {},
  );
  const [least, most] = memory.range;
  const availability = (100 * transactions) / (transactions + failed);
  const verdict = new Verdict();
  verdict.tell('requests', `${transactions}, ${rate.toFixed(0)} a second, by ${concurrent} clients`);
  verdict.tell('longest', `${longest} s`);
  verdict.atLeast('availability', Number(availability.toFixed(4)), AVAILABILITY, ' %');
  verdict.tell('memory', `${(least / 1e6).toFixed(0)} to ${(most / 1e6).toFixed(0)} MB`);
  verdict.below(
    `memory growth after the first ${warmUp.toFixed(0)} s`,
    memory.growth / 1e6,
    maxGrowthMb,
    ' MB',
  );
  verdict.none('descriptors left', Math.max(0, (await server.descriptors()) - descriptors));
  verdict.expect(
    'workers that ended',
    (await server.processes()).join() === processes ? 'none' : 'some',
    'none',
  );
  verdict.expect('exit', String(await server.end('SIGTERM')), '0');
  return verdict.close();
}

/** @throws Error when the tool is not installed, or its output cannot be parsed */
async function besiege(directory: string, url: string, concurrent: number, seconds: number): Promise<Report> {
  const settings = join(directory, 'siege.conf');
  const flags = ['-R', settings, '-b', '-c', `${concurrent}`, '-t', `${seconds}S`, '--json-output', url];
  const tool = spawn('siege', flags, {
    // The tool writes its settings into the home directory.
    env: { ...process.env, HOME: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const output of [tool.stdout, tool.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  await new Promise<void>((resolve, reject) => {
    tool.once('close', () => resolve());
    tool.once('error', (error) =>
      reject(new Error(`siege is needed (apt-get install siege): ${error.message}`)),
    );
  });
  const field = (name: string): number => Number(new RegExp(`"${name}":\\s*([\\d.]+)`).exec(said)?.[1]);
  const report = {
    transactions: field('transactions'),
    failed: field('failed_transactions'),
    rate: field('transaction_rate'),
    longest: field('longest_transaction'),
  };
  if (!(report.transactions > 0)) throw new Error(`siege made no requests:\n${said}`);
  return report;
}
