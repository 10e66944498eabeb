import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const NPM_FLAGS = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

/**
 * Runs a program to its end.
 * @returns its output
 * @throws Error with its output, when it fails
 */
export async function run(cwd: string, program: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let printed = '';
  child.stdout.on('data', (text: Buffer) => {
    stdout += String(text);
    printed += String(text);
  });
  child.stderr.on('data', (text: Buffer) => {
    printed += String(text);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${printed}`);
  return stdout;
}

export async function install(cwd: string, ...packages: readonly string[]): Promise<void> {
  await run(cwd, 'npm', 'install', ...NPM_FLAGS, ...packages);
}

/**
 * Packs the package in a directory.
 * @returns the archive's path
 */
async function pack(cwd: string, into: string): Promise<string> {
  const printed = await run(cwd, 'npm', 'pack', '--json', '--loglevel=error', '--pack-destination', into);
  const [packed] = JSON.parse(printed.slice(printed.indexOf('[\n')));
  return join(into, packed.filename);
}

/** A directory outside of the repository, with this package as it would be published. */
export class Workshop implements AsyncDisposable {
  readonly directory: string;
  /** The packed server. */
  readonly server: string;

  private constructor(directory: string, server: string) {
    this.directory = directory;
    this.server = server;
  }

  static async open(): Promise<Workshop> {
    const directory = await mkdtemp(join(tmpdir(), 'webserv-packages-'));
    return new Workshop(directory, await pack(root, directory));
  }

  async folder(name: string): Promise<string> {
    const folder = join(this.directory, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /**
   * Copies an example, installs the packed server for it, and runs its tests.
   * @returns its archive
   */
  async example(name: string): Promise<string> {
    const folder = join(this.directory, name);
    const isOwn = (path: string): boolean => !/\/(?:node_modules|dist)(?:\/|$)/.test(path.slice(root.length));
    await cp(join(root, 'examples', name), folder, { recursive: true, filter: isOwn });
    return this.package(folder);
  }

  /**
   * Installs the dependencies of a plugin's package together with the packed server, and runs its tests.
   * @returns its archive
   */
  async package(folder: string): Promise<string> {
    await install(folder, '--save-dev', this.server);
    await run(folder, 'npm', 'test');
    return pack(folder, this.directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Runs the installed `webserv` in a directory, with the configuration there. */
export async function serve(cwd: string): Promise<AsyncDisposable & { readonly url: string }> {
  const child = spawn(join(cwd, 'node_modules/.bin/webserv'), [], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (text: Buffer): void => {
      printed += String(text);
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', () => reject(new Error(`webserv ended: ${printed}`)));
  });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await exited;
    },
  };
}
