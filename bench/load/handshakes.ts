import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CLIENT_CORE, pinned } from '../machine.js';
import type { LoadResult } from './load-result.js';

const run = promisify(execFile);

export interface Handshakes {
  /** It begins with `https:`. */
  readonly origin: string;
  readonly path: string;
  /** Processes, each with one connection at a time. */
  readonly clients: number;
  readonly seconds: number;
  /** Bytes of the response's body. */
  readonly bodyBytes: number;
}

/**
 * Requests a file on one new connection after the other, each with a full handshake of TLS 1.3: wrk would resume its
 * sessions. Runs on the client's core, by `openssl s_time`, which is in C and reports no latencies.
 */
export async function makeHandshakes(load: Handshakes): Promise<LoadResult> {
  const startedAt = performance.now();
  const counts = await Promise.all(Array.from({ length: load.clients }, () => oneClient(load)));
  const seconds = (performance.now() - startedAt) / 1000;
  return { requests: counts.reduce((sum, count) => sum + count, 0), seconds, failures: 0, refusals: 0 };
}

const REPORT = /^(\d+) connections in \d+ real seconds, (\d+) bytes read per connection$/m;

/** @returns the number of its connections @throws Error for a handshake that failed, or a body that is too short */
async function oneClient({ origin, path, seconds, bodyBytes }: Handshakes): Promise<number> {
  const [program, ...parameters] = pinned(CLIENT_CORE, [
    ...['openssl', 's_time', '-connect', new URL(origin).host, '-www', path],
    ...['-new', '-tls1_3', '-time', String(seconds)],
  ]);
  const { stdout } = await run(program, parameters);
  const [, connections, bytes] = REPORT.exec(stdout) ?? [];
  if (connections === undefined || Number(bytes) < bodyBytes)
    throw new Error(`openssl s_time got no whole response: ${stdout.slice(-300)}`);
  return Number(connections);
}
