import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

/** The `webserv` command as a user runs it, in a separate process. */
export interface Command extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /**
   * Ends it with the signal.
   * @returns the exit code
   */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/**
 * @param ready text on stdout once it serves; without it the command is expected to end by itself
 * @param through a program with arguments that becomes the command: it gets the rest of the command line
 */
export async function webserv(
  args: readonly string[],
  ready?: RegExp,
  through: readonly string[] = [],
): Promise<Command> {
  const [program = process.execPath, ...words] = [...through, process.execPath, main, ...args];
  const child = spawn(program, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null) {
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  };
  // Its last output may arrive after its end.
  if (ready === undefined) await once(child, 'close');
  else {
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', () => ready.test(stdout) && resolve());
      child.on('exit', (code) => reject(new Error(`webserv ended with ${code}: ${stderr}`)));
    });
  }
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    end,
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL');
    },
  };
}

/** The demonstration site, as `npm start` serves it. */
export function demonstration(): Promise<Command> {
  return webserv(['--config', 'sites/main.conf'], /:8081/);
}
