import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CLIENT_CORE, pinned } from '../machine.js';
import type { LoadResult } from './load-result.js';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  /** Number of requests sent in one write. */
  readonly pipelined: number;
  readonly seconds: number;
}

/** Sends requests on kept connections, the next after each response. Runs on the client's core. */
export async function runWrk(load: Load): Promise<LoadResult> {
  const { url, headers, connections, pipelined, seconds } = load;
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const [program, ...parameters] = pinned(CLIENT_CORE, [
    ...['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', '-s', SCRIPT],
    ...[...fields, url, '--', String(pipelined)],
  ]);
  const { stderr } = await run(program, parameters);
  const report: unknown = JSON.parse(stderr);
  const number = (name: string): number => {
    const value = typeof report === 'object' && report !== null ? Reflect.get(report, name) : undefined;
    if (typeof value !== 'number') throw new Error(`wrk did not report ${name}: ${stderr}`);
    return value;
  };
  return {
    requests: number('requests'),
    seconds: number('microseconds') / 1e6,
    p50: number('p50') / 1000,
    p99: number('p99') / 1000,
    failures: number('failures'),
    refusals: number('refusals'),
  };
}
