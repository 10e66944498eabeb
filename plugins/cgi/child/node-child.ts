import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Child, Exit, Invocation } from './child.js';

/**
 * Uses Node's own child_process, which works everywhere. It forks: the system copies the page tables of the whole
 * server, which blocks the event loop for a millisecond or more, depending on the server's size.
 */
export async function launchByNode({
  command,
  workingDirectory,
  environment,
  input,
}: Invocation): Promise<Child> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: workingDirectory,
    env: environment,
    detached: true,
    stdio: [input.file?.fd ?? (input.size === 0 ? 'ignore' : 'pipe'), 'pipe', 'pipe'],
  });
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined) {
    const [error]: unknown[] = await once(child, 'error');
    throw error;
  }
  if (stdout === null || stderr === null) throw new Error('spawn() returned no pipes for the output');
  child.on('error', () => {}); // a signal could not be sent
  stdin?.on('error', () => {}); // EPIPE: a script need not read its input
  stdin?.end(input.bytes);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return { pid, stdout, stderr, exited, closed };
}
