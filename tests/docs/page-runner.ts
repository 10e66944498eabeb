import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { freePort } from '../free-port.js';
import { type Block, commandsOf, patternOf } from './page.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** True on a machine with nothing but Node and npm. Where `CI` is set, curl is required. */
export const isCurlMissing = spawnSync('curl', ['--version']).error !== undefined;
if (isCurlMissing) {
  process.stderr.write('tests/docs: curl is not installed, the commands with it are left out\n');
  if (process.env.CI) throw new Error('curl is required where CI is set');
}

/** A directory with the files that a page shows, in which its commands run. */
export class PageRunner implements AsyncDisposable {
  readonly directory: string;
  readonly #port: number;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.#port = port;
  }

  /** The directory is inside the package, so that the package's own name resolves as it does when installed. */
  static async open(blocks: readonly Block[]): Promise<PageRunner> {
    const runner = new PageRunner(await mkdtemp(here('work-')), await freePort());
    const bin = join(runner.directory, 'bin');
    await mkdir(bin);
    const main = here('../../dist/src/cli/main.js');
    await writeFile(join(bin, 'webserv'), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`);
    await chmod(join(bin, 'webserv'), 0o755);
    await writeFile(join(runner.directory, '.curlrc'), 'silent\n'); // no progress is shown on a terminal either
    for (const { file, text } of blocks)
      if (file !== undefined) await writeFile(join(runner.directory, file), runner.#withFreePort(text));
    return runner;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Runs a command to its end. */
  async run(command: string): Promise<{ readonly code: number | null; readonly printed: string }> {
    const child = this.#shell(command);
    const printed = textOf(child);
    const [code] = await once(child, 'close');
    return { code, printed: printed() };
  }

  /** Runs a block's commands one after the other; a server that is started with `&` ends with the block. */
  async runBlock(block: Block): Promise<void> {
    const servers: ChildProcess[] = [];
    try {
      for (const { command, output } of commandsOf(block)) {
        if (command.endsWith(' &')) {
          servers.push(await this.#serve(command));
          continue;
        }
        const { printed } = await this.run(this.#withFreePort(command));
        const shown = printed.replaceAll('\r', '').replaceAll(`:${this.#port}`, ':8080');
        expect(shown, command).toMatch(patternOf(output));
        await this.#useFreePort();
      }
    } finally {
      for (const server of servers) {
        if (server.exitCode !== null) continue;
        server.kill('SIGKILL');
        await once(server, 'exit');
      }
    }
  }

  async #serve(command: string): Promise<ChildProcess> {
    const server = this.#shell(`exec ${command.slice(0, -2)}`);
    const printed = textOf(server);
    const ended = once(server, 'exit').then(() => {
      throw new Error(`${command} ended: ${printed()}`);
    });
    ended.catch(() => {});
    const answering = expect.poll(printed, { timeout: 15_000 }).toContain(`http://127.0.0.1:${this.#port}`);
    await Promise.race([answering, ended]);
    return server;
  }

  /** Replaces the page's port 8080, which may be in use. */
  #withFreePort(text: string): string {
    return text.replaceAll(':8080', `:${this.#port}`);
  }

  /** For configurations that a command has written. */
  async #useFreePort(): Promise<void> {
    for (const name of await readdir(this.directory, { recursive: true })) {
      if (!name.endsWith('.conf')) continue;
      const file = join(this.directory, name);
      const text = await readFile(file, 'utf8');
      if (text.includes(':8080')) await writeFile(file, this.#withFreePort(text));
    }
  }

  #shell(command: string): ChildProcess {
    const path = [join(this.directory, 'bin'), process.env.PATH].join(delimiter);
    // "exec", so that a signal reaches the server and not its shell.
    return spawn('sh', ['-c', command], {
      cwd: this.directory,
      env: { ...process.env, PATH: path, CURL_HOME: this.directory, NO_COLOR: '1' },
    });
  }
}

function textOf(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (piece: Buffer) => {
      text += String(piece);
    });
  }
  return () => text;
}
