import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** User that the workers switch to when the test runs as root. */
export const WORKER_USER = 'nobody';

/** Credentials user:secret. */
export const PASSWORDS = 'user:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\n';

export async function idOf(user: string): Promise<number> {
  return Number((await run('id', ['-u', user])).stdout);
}
