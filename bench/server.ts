import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { pinned, SERVER_CORE } from './machine.js';
import { ask } from './probe.js';
import { HOST } from './site.js';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;

/** A running server on its own core. */
export interface RunningServer {
  readonly pid: number;
  /** Milliseconds from its start to its first complete response. */
  readonly startMs: number;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** @throws Error with its stderr when it ends before its first response */
export async function startServer(command: readonly string[], origin: string): Promise<RunningServer> {
  const [program, ...parameters] = pinned(SERVER_CORE, command);
  const startedAt = performance.now();
  // The repository's directory, where `--import jiti/register` is found.
  const child = spawn(program, parameters, { cwd: REPOSITORY, stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let complaint = '';
  child.stderr.on('data', (piece: Buffer) => {
    complaint = (complaint + piece.toString()).slice(-2000);
  });
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      complaint += error.message;
      resolve();
    });
    child.on('close', () => resolve());
  }).finally(() => running.delete(child));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  };
  try {
    await firstResponse(origin, startedAt, () => !running.has(child));
  } catch (error) {
    await stop();
    throw new Error(`${command.join(' ')}: ${String(error)}\n${complaint}`, { cause: error });
  }
  return { pid: child.pid ?? 0, startMs: performance.now() - startedAt, stop };
}

async function firstResponse(origin: string, startedAt: number, hasEnded: () => boolean): Promise<void> {
  for (;;) {
    const status = await ask(origin, { path: '/1k.html', headers: { Host: HOST } }).then(
      (response) => response.status,
      () => undefined,
    );
    if (status === 200) return;
    if (status !== undefined) throw new Error(`the first response is ${status}`);
    if (hasEnded()) throw new Error('it ended before its first response');
    if (performance.now() - startedAt > START_TIMEOUT_MS) throw new Error('no response');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
