import { Socket } from 'node:net';
import type { Child, Invocation } from './child.js';
import type { PosixSpawn } from './posix-spawn.js';
import type { Reaper } from './reaper.js';

/** Uses posix_spawn with pipes. @throws SystemError */
export function launchByPosix(posix: PosixSpawn, reaper: Reaper, invocation: Invocation): Child {
  const { command, workingDirectory, input } = invocation;
  const [file = '', ...args] = command;
  const environment = Object.entries(invocation.environment).map(([name, value]) => `${name}=${value}`);
  // C strings end at a NUL: the rest would be lost silently.
  if ([...command, ...environment].some((text) => text.includes('\0')))
    throw new Error('NUL in an argument or environment variable');
  const streams: Socket[] = [];
  const theirs: number[] = [];
  try {
    const output = posix.pipe();
    theirs.push(output.write);
    const stdout = stream(streams, output.read, { readable: true, writable: false });
    const errors = posix.pipe();
    theirs.push(errors.write);
    const stderr = stream(streams, errors.read, { readable: true, writable: false });
    let stdin = input.file?.fd;
    if (input.bytes.length > 0) {
      const content = posix.pipe();
      theirs.push(content.read);
      stdin = content.read;
      const writer = stream(streams, content.write, { readable: false, writable: true });
      writer.on('error', () => {}); // EPIPE: a script need not read its input
      writer.end(input.bytes);
    }
    const pid = posix.spawn({
      file,
      args,
      environment,
      workingDirectory,
      stdin,
      stdout: output.write,
      stderr: errors.write,
    });
    const exited = reaper.exitOf(pid);
    const closed = Promise.all([exited, closeOf(stdout), closeOf(stderr)]).then(() => {});
    return { pid, stdout, stderr, exited, closed };
  } catch (error) {
    for (const each of streams) each.destroy();
    throw error;
  } finally {
    // The program has its own copies.
    for (const descriptor of theirs) posix.close(descriptor);
  }
}

/** Wraps the server's end of a pipe in a stream, which owns the descriptor from here on. */
function stream(streams: Socket[], fd: number, direction: { readable: boolean; writable: boolean }): Socket {
  const made = new Socket({ fd, ...direction });
  streams.push(made);
  return made;
}

function closeOf(stream: Socket): Promise<void> {
  return new Promise((resolve) => stream.once('close', () => resolve()));
}
