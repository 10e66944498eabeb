import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterwards } from './afterwards.js';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/**
 * Begins a configuration that should give no warnings: a server started as root warns without `user`. Empty for other
 * users, for whom the directive gives a warning.
 */
export const asRoot = process.getuid?.() === 0 ? 'user root; ' : '';

export interface RunOptions {
  /** The working directory; default: the repository. */
  readonly cwd?: string;
  /** The file of the command; default: that of this checkout. */
  readonly program?: string;
  /** A program with arguments that becomes the command: it gets the rest of the command line. */
  readonly through?: readonly string[];
  /** Added to an environment without variables for colours. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Starts the built command without waiting; the caller must end it. */
export function start(
  args: readonly string[],
  { cwd = repository, program: command = main, environment = {}, through = [] }: RunOptions = {},
) {
  const { FORCE_COLOR: _forced, NO_COLOR: _refused, ...rest } = process.env;
  const [program = process.execPath, ...words] = [...through, process.execPath, command, ...args];
  const child = spawn(program, words, {
    cwd,
    env: { ...rest, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text;
  });
  return { child, texts, ended: once(child, 'close') };
}

/** Runs the built command until it ends by itself. */
export async function webserv(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { child, texts, ended } = start(args, options);
  await ended;
  return { code: child.exitCode, ...texts };
}

export interface Serving {
  readonly url: string;
  readonly child: ChildProcess;
  /** Its stderr so far. */
  stderr(): string;
  /** Ends it with SIGTERM. */
  stop(): Promise<Ended>;
}

/** Runs the built command until it serves. It is ended after the test, or after the tests that share it. */
export async function serving(args: readonly string[], options: RunOptions = {}): Promise<Serving> {
  const { child, texts, ended } = start(args, options);
  afterwards(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /https?:\/\/[^\s/]+/.exec(texts.stdout)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.on('exit', (code) => reject(new Error(`webserv ended with ${code}: ${texts.stderr}`)));
  });
  const stop = async (): Promise<Ended> => {
    child.kill('SIGTERM');
    await ended;
    return { code: child.exitCode, ...texts };
  };
  return { url, child, stderr: () => texts.stderr, stop };
}

/** Creates a temporary directory with these files; it is deleted after the test, or after the tests that share it. */
export async function folderWith(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'webserv-cli-'));
  afterwards(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  if (Object.entries(files).some(isPlugin)) await installPackage(folder);
  return folder;
}

/** True for JavaScript that imports this package. */
const isPlugin = ([name, text]: [string, string]): boolean =>
  /\.[cm]?js$/.test(name) && text.includes('@webserv/server');

/**
 * Makes this package resolvable from the directory, as `npm install` does: Node imports plugins in JavaScript itself then.
 * Otherwise they are compiled, which takes half a second of processor time in each process that loads one.
 */
async function installPackage(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules/@webserv'), { recursive: true });
  await symlink(repository, join(folder, 'node_modules/@webserv/server'));
}
