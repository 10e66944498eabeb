import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { fileURLToPath } from 'node:url';
import { exchange, follow, shout } from './client.js';
import { MemoryWatch } from './memory.js';

/**
 * The load tests of the exam, against the real command in a separate process: `npm run school`. Prints its
 * measurements, and exits with 1 when a response was wrong or a bound was exceeded.
 */

const MEMORY_BOUND = 300_000_000;
const VISITOR_BOUND_MS = 200;
const MEGABYTE = 1_000_000;

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Server {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

async function startServer(): Promise<Server> {
  const child = spawn(
    process.execPath,
    [path('../../dist/src/cli/main.js'), '--config', path('school.conf')],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  const said = new Promise<number>((resolve, reject) => {
    let text = '';
    const read = (piece: string): void => {
      text += piece;
      const address = /127\.0\.0\.1:(\d+)/.exec(text);
      if (address !== null) resolve(Number(address[1]));
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read).pipe(process.stderr);
    ended.then(() => reject(new Error(`the server ended before it served:\n${text}`)), reject);
  });
  const port = await said;
  if (child.pid === undefined) throw new Error('the server has no process');
  return {
    pid: child.pid,
    port,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Runs `count` workers in parallel, each with `times` rounds one after the other on a kept connection. */
async function workers(
  count: number,
  times: number,
  round: (worker: number, agent: Agent) => Promise<void>,
): Promise<void> {
  const worker = async (number: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let done = 0; done < times; done += 1) await round(number, agent);
    } finally {
      agent.destroy();
    }
  };
  await Promise.all(Array.from({ length: count }, (_, number) => worker(number)));
}

function expectStatus(what: string, status: number, wanted: (status: number) => boolean): void {
  if (!wanted(status)) throw new Error(`${what}: ${status}`);
}

const isOk = (status: number): boolean => status === 200;
const isSuccess = (status: number): boolean => status >= 200 && status < 300;

async function getFrontPage(port: number): Promise<void> {
  await workers(20, 5000, async (_, agent) => {
    expectStatus('GET /', (await exchange(port, '/', { agent })).status, isOk);
  });
}

async function getFolder(port: number): Promise<void> {
  await workers(128, 50, async (_, agent) => {
    expectStatus('GET /directory/nop', (await follow(port, '/directory/nop', { agent })).status, isOk);
  });
}

async function putSame(port: number): Promise<void> {
  const target = '/put_test/multiple_same';
  await workers(20, 5, async (worker, agent) => {
    const body = Buffer.alloc(MEGABYTE, 97 + worker); // a letter for each worker
    expectStatus(
      `PUT ${target}`,
      (await exchange(port, target, { method: 'PUT', body, agent })).status,
      isSuccess,
    );
  });
  const stored = await readFile(path('put_test/multiple_same'));
  const [first = 0] = stored;
  if (stored.length !== MEGABYTE || !stored.equals(Buffer.alloc(MEGABYTE, first))) {
    throw new Error(`${target} is not one of the files that were sent: ${stored.length} bytes`);
  }
}

async function postBig(port: number): Promise<void> {
  await workers(20, 5, async () => {
    const { status, size, correct } = await shout(port, '/directory/youpi.bla', 100 * MEGABYTE);
    expectStatus('POST /directory/youpi.bla', status, isOk);
    if (!correct)
      throw new Error(`POST /directory/youpi.bla: ${size} bytes, not what was sent in upper case`);
  });
}

/** Measures how long `GET /` takes during `load`, in milliseconds, the shortest first. */
async function visitWhile(port: number, load: Promise<void>): Promise<number[]> {
  const visitor = fork(path('probe.ts'), [String(port)]);
  const told = once(visitor, 'message');
  const ended = once(visitor, 'exit').then(([code]) => {
    throw new Error(`the visitor gave up: ${code}`);
  });
  try {
    await Promise.race([load, ended]);
    visitor.send('enough');
    const [times] = await Promise.race([told, ended]);
    if (!Array.isArray(times)) throw new Error('the visitor has no times');
    return times.map(Number).sort((a, b) => a - b);
  } finally {
    visitor.kill();
  }
}

async function timed(name: string, phase: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await phase();
  console.log(`${name.padEnd(46)} ${((performance.now() - start) / 1000).toFixed(1).padStart(7)} s`);
}

const server = await startServer();
const memory = new MemoryWatch(server.pid);
let visits: number[] = [];
try {
  await timed('20 × 5,000 GET /', () => getFrontPage(server.port));
  await timed('128 × 50 GET /directory/nop', () => getFolder(server.port));
  await timed('20 × 5 PUT /put_test/multiple_same, 1 MB', () => putSame(server.port));
  await timed('20 × 5 POST /directory/youpi.bla, 100 MB', async () => {
    visits = await visitWhile(server.port, postBig(server.port));
  });
} finally {
  memory.stop();
  await server.stop();
  await rm(path('put_test/multiple_same'), { force: true });
}

const at = (part: number): number => visits[Math.floor((visits.length - 1) * part)] ?? Number.NaN;
const median = at(0.5);
console.log(
  `GET / in the middle of the POSTs: median ${median.toFixed(1)} ms, 95 % within ${at(0.95).toFixed(1)} ms, ` +
    `longest ${at(1).toFixed(1)} ms, of ${visits.length} (bound: median ${VISITOR_BOUND_MS} ms)`,
);
console.log(
  `server memory: ${(memory.peak / MEGABYTE).toFixed(0)} MB at most, of ${memory.samples} looks ` +
    `(bound: ${MEMORY_BOUND / MEGABYTE} MB)`,
);
// Written so that a figure that could not be measured counts as exceeded.
if (!(memory.peak > 0 && memory.peak < MEMORY_BOUND && median < VISITOR_BOUND_MS)) {
  console.error('a bound was exceeded');
  process.exitCode = 1;
}
