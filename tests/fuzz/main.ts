import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventually } from '../hostile/client.js';
import { type RunningCommand, startCommand } from '../hostile/command.js';
import { Health } from '../hostile/health.js';
import { judge } from './judge.js';
import { makeSession, play, type Session } from './session.js';
import { CONF, FILES } from './site.js';

/**
 * Sends generated and mutated requests to the real command in a process of its own: `npm run fuzz -- --seconds 60`.
 * Prints statistics, and exits with 1 if the server crashed, hung, leaked, or sent invalid HTTP.
 */

const USAGE = `usage: npm run fuzz -- [--seconds N] [--connections N] [--seed N] [--session N]
  --seconds N      how long; 60 when left out
  --connections N  how many at once; 24 when left out
  --seed N         repeats an earlier run's sessions
  --session N      plays this one session of the seed, and shows it
`;

/** Longer than the sum of all timeouts of the site. */
const SESSION_BOUND_MS = 25_000;
/**
 * Permitted growth of memory over the second half of a run: it reveals a leak of a few kilobytes per session within a
 * minute.
 */
const MAX_GROWTH = 24 * 1024 * 1024;
/** A garbage collector uses the memory it has; a small heap reveals a leak early. */
const HEAP_MB = 96;
const MAX_PROBLEMS = 5;
const MAX_SHOWN = 2000;

interface Totals {
  sessions: number;
  valid: number;
  bytes: number;
  answers: Map<number, number>;
  silent: number;
  problems: string[];
}

function show(text: string): string {
  const shown = JSON.stringify(text.slice(0, MAX_SHOWN));
  return text.length > MAX_SHOWN ? `${shown} … ${text.length} bytes` : shown;
}

async function playOne(
  seed: number,
  session: Session,
  server: RunningCommand,
  totals: Totals,
): Promise<void> {
  const transcript = await play(session, server.port, SESSION_BOUND_MS);
  const { problem, answers } = judge(session, transcript);
  totals.sessions += 1;
  totals.valid += session.valid === undefined ? 0 : 1;
  totals.bytes += session.bytes.length;
  if (answers.length === 0) totals.silent += 1;
  for (const { status } of answers) totals.answers.set(status, (totals.answers.get(status) ?? 0) + 1);
  if (problem === undefined) return;
  totals.problems.push(
    `session ${session.number} of seed ${seed} (${session.valid === undefined ? 'mutated' : 'valid'}, ` +
      `${session.pieces.length} pieces, ${session.leaving}, ${transcript.durationMs.toFixed(0)} ms): ${problem}\n` +
      `  sent     ${show(session.bytes)}\n  received ${show(transcript.received)}`,
  );
}

/**
 * Keeps the given number of connections open, each running one session after another, until the time is over or there
 * are too many errors.
 */
async function playAll(
  seed: number,
  connections: number,
  seconds: number,
  server: RunningCommand,
): Promise<Totals> {
  const totals: Totals = { sessions: 0, valid: 0, bytes: 0, answers: new Map(), silent: 0, problems: [] };
  const end = performance.now() + seconds * 1000;
  let next = 0;
  const connection = async (): Promise<void> => {
    while (performance.now() < end && totals.problems.length < MAX_PROBLEMS && server.running()) {
      await playOne(seed, makeSession(seed, next++), server, totals);
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return totals;
}

/** Entries of the error log that a client must not be able to cause. */
async function faultsIn(server: RunningCommand): Promise<string[]> {
  const log = (await readFile(join(server.directory, 'error.log'), 'utf8')) + server.log();
  const entry = /^\d{4}-\d\d-\d\dT[\d:.]+Z \[(?:debug|info|warn)\] [^\n]*(?:\n {4}[^\n]*)*$/;
  // An entry is a line and the indented lines after it; any other line was forged, or reports a crash.
  return log
    .split(/\n(?! {4})/)
    .filter((text) => text !== '' && !entry.test(text))
    .filter((text) => !isExpected(text));
}

/**
 * Errors of the scripts, not of the server: one of them writes rubbish, and the number of running scripts is limited.
 */
function isExpected(entry: string): boolean {
  return / \[error\] /.test(entry) && /rubbish\.sh|too many scripts are running/.test(entry);
}

async function run(seed: number, seconds: number, connections: number): Promise<string[]> {
  process.env.NODE_OPTIONS = `--max-old-space-size=${HEAP_MB}`;
  await using server = await startCommand(CONF, FILES);
  delete process.env.NODE_OPTIONS;
  // Memory and descriptors of the first use are not a leak.
  await playAll(seed + 1, connections, Math.min(5, seconds / 4), server);
  const descriptors = await settledDescriptors(server);
  const processes = await server.processes();
  const health = new Health(server);
  const began = performance.now();
  const totals = await playAll(seed, connections, seconds, server);
  const took = (performance.now() - began) / 1000;
  await health.stop();
  const problems = totals.problems.slice(0, MAX_PROBLEMS);
  if (!server.running()) problems.push(`the server ended:\n${server.log()}`);
  // A worker that ends is replaced: its process id shows it.
  const others = (await server.processes()).filter((pid) => !processes.includes(pid));
  if (others.length > 0) problems.push(`a worker ended and was replaced:\n${server.log()}`);
  const left = (await settledDescriptors(server)) - descriptors;
  if (left > 0) problems.push(`${left} descriptors are left open`);
  if (health.growth > MAX_GROWTH) problems.push(`memory grew by ${mega(health.growth)} MB`);
  if (health.failedVisits > 0)
    problems.push(`${health.failedVisits} ordinary visits were not answered with 200`);
  problems.push(...(await faultsIn(server)).slice(0, MAX_PROBLEMS).map((fault) => `in the log: ${fault}`));
  const exit = await server.end('SIGTERM');
  if (exit !== 0) problems.push(`it ended with ${exit} at SIGTERM`);
  print(seed, took, totals, health, left);
  return problems;
}

/** Connections and scripts take some time to end. */
async function settledDescriptors(server: RunningCommand): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let since = performance.now();
  await eventually('settled', async () => {
    const now = await server.descriptors();
    if (now < least) {
      least = now;
      since = performance.now();
    }
    return performance.now() - since > 3000;
  });
  return least;
}

const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);

function print(seed: number, took: number, totals: Totals, health: Health, left: number): void {
  const { visits } = health;
  const statuses = [...totals.answers]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`);
  console.log(
    [
      `seed ${seed}, ${took.toFixed(0)} s`,
      `${totals.sessions} connections (${totals.valid} valid, ${totals.silent} without an answer), ` +
        `${mega(totals.bytes)} MB sent, ${(totals.sessions / took).toFixed(0)} a second`,
      `answers ${statuses.join(', ')}`,
      `memory ${mega(health.peak)} MB at most, ${mega(health.growth)} MB growth over the second half (bound ${mega(MAX_GROWTH)})`,
      `descriptors left: ${left}`,
      `GET / meanwhile: median ${visits[Math.floor(visits.length / 2)]?.toFixed(1)} ms, longest ${visits.at(-1)?.toFixed(1)} ms, of ${visits.length}`,
    ].join('\n'),
  );
}

/** Repeats one session, for debugging. */
async function replay(seed: number, number: number): Promise<string[]> {
  await using server = await startCommand(CONF, FILES);
  const totals: Totals = { sessions: 0, valid: 0, bytes: 0, answers: new Map(), silent: 0, problems: [] };
  const session = makeSession(seed, number);
  console.log(session);
  await playOne(seed, session, server, totals);
  console.log(await readFile(join(server.directory, 'error.log'), 'utf8'));
  return totals.problems;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    connections: { type: 'string', default: '24' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    session: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) console.log(USAGE);
else {
  const [seed, seconds, connections] = [values.seed, values.seconds, values.connections].map(Number);
  if (
    !(
      seed !== undefined &&
      seconds !== undefined &&
      connections !== undefined &&
      seconds > 0 &&
      connections > 0
    )
  ) {
    throw new Error(`numbers above 0 are wanted\n${USAGE}`);
  }
  const problems =
    values.session === undefined
      ? await run(seed, seconds, connections)
      : await replay(seed, Number(values.session));
  for (const problem of problems) console.error(`PROBLEM ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
