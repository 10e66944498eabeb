import { execFile } from 'node:child_process';
import { availableParallelism, cpus, release } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The server and the client have a core each. */
export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

/** A command that runs, with all its children, on one core only. */
export function pinned(core: number, command: readonly string[]): readonly [string, ...string[]] {
  return ['taskset', '-c', String(core), ...command];
}

/**
 * Moves this process off the server's core.
 * @throws Error on a machine that cannot run the comparison
 */
export async function settleOnClientCore(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('the comparison needs Linux: /proc, taskset');
  if (availableParallelism() < 2) throw new Error('the comparison needs two cores');
  await run('taskset', ['-a', '-c', '-p', String(CLIENT_CORE), String(process.pid)]);
}

/**
 * Its version may be printed on either stream.
 * @returns undefined when the command does not exist
 */
export async function versionOf(...command: readonly [string, ...string[]]): Promise<string | undefined> {
  const [program, ...parameters] = command;
  try {
    const { stdout, stderr } = await run(program, parameters);
    return /\d+\.\d+(?:\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? 'of unknown version';
  } catch (error) {
    // wrk prints its version and fails.
    if (!(error instanceof Error) || !('code' in error) || error.code === 'ENOENT') return undefined;
    const output = 'stdout' in error ? String(error.stdout) : '';
    return /\d+\.\d+(?:\.\d+)?/.exec(output)?.[0] ?? 'of unknown version';
  }
}

export function describeMachine(): string {
  return `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, Linux ${release()}, Node ${process.versions.node}`;
}
