import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Child, Exit, Invocation } from './child.js';

/**
 * By Node's own means, which are everywhere. They fork: the system copies the page tables of the whole server, which
 * blocks the event loop for a millisecond and more, the longer the larger the server is.
 */
export async function launchByNode({ command, folder, environment, input }: Invocation): Promise<Child> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: folder,
    env: environment,
    detached: true,
    stdio: [input.file?.fd ?? (input.size === 0 ? 'ignore' : 'pipe'), 'pipe', 'pipe'],
  });
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined) {
    const [error]: unknown[] = await once(child, 'error');
    throw error;
  }
  if (stdout === null || stderr === null) throw new Error('no pipes from the script');
  child.on('error', () => {}); // a signal that could not be sent
  stdin?.on('error', () => {}); // EPIPE: a script need not read its input
  stdin?.end(input.bytes);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return { pid, stdout, stderr, exited, closed };
}
