import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { command as commandInProcess } from '../cli/in-process.js';
import { freePort } from '../free-port.js';
import { type Block, commandsOf, patternOf } from './page.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** True on a machine with nothing but Node and npm. Where `CI` is set, curl is required. */
export const isCurlMissing = spawnSync('curl', ['--version']).error !== undefined;
if (isCurlMissing) {
  process.stderr.write('tests/docs: curl is not installed, the commands with it are left out\n');
  if (process.env.CI) throw new Error('curl is required where CI is set');
}

/** A command that serves a configuration, without more flags. */
const SERVE = /^webserv --config (\S+) &$/;
/** A command without quotes or operators of the shell. */
const PLAIN = /^webserv [\w./ -]+$/;

/** A directory with the files that a page shows, in which its commands run. */
export class PageRunner implements AsyncDisposable {
  readonly directory: string;
  /** The port that takes the place of 8080, by configuration: one server serves them all. */
  readonly #ports = new Map<string, number>();
  readonly #port: number;
  #server: ChildProcess | undefined;

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
    const files = new Set(blocks.map(({ file }) => file));
    for (const { command } of blocks.filter(({ language }) => language === 'sh').flatMap(commandsOf)) {
      const [, file] = SERVE.exec(command) ?? [];
      if (file !== undefined && files.has(file)) runner.#ports.set(file, await freePort());
    }
    for (const { file, text } of blocks)
      if (file !== undefined)
        await writeFile(join(runner.directory, file), onPort(text, runner.#portOf(file)));
    return runner;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server !== undefined) await end(this.#server);
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Runs a command to its end. */
  async run(command: string): Promise<{ readonly code: number | null; readonly printed: string }> {
    if (PLAIN.test(command)) {
      const [, ...words] = command.split(' ');
      const { code, stdout, stderr } = await commandInProcess(words, { cwd: this.directory });
      return { code, printed: stdout + stderr };
    }
    const child = this.#shell(command);
    const printed = textOf(child);
    const [code] = await once(child, 'close');
    return { code, printed: printed() };
  }

  /** Runs a block's commands one after the other; a server that is started with `&` ends with the block. */
  async runBlock(block: Block): Promise<void> {
    const servers: ChildProcess[] = [];
    let port = this.#port;
    try {
      for (const { command, output } of commandsOf(block)) {
        if (command.endsWith(' &')) {
          const [, file = ''] = SERVE.exec(command) ?? [];
          port = this.#portOf(file);
          if (this.#ports.has(file)) await this.#serveAll();
          else servers.push(await this.#serveAlone(command));
          continue;
        }
        const { printed } = await this.run(onPort(command, port));
        const shown = printed.replaceAll('\r', '').replaceAll(`:${port}`, ':8080');
        expect(shown, command).toMatch(patternOf(output));
        await this.#useFreePort();
      }
    } finally {
      await Promise.all(servers.map(end));
    }
  }

  #portOf(file: string): number {
    return this.#ports.get(file) ?? this.#port;
  }

  /** Starts one server with all configurations that the page serves, unless it runs. */
  async #serveAll(): Promise<void> {
    if (this.#server !== undefined) return;
    const lines = Array.from(this.#ports.keys(), (file) => `include ${file};\n`);
    await writeFile(join(this.directory, 'every.conf'), lines.join(''));
    const [port = this.#port] = this.#ports.values();
    this.#server = await this.#serve('webserv --config every.conf &', port);
  }

  /** For a server with more flags, or with a configuration that a command has written. */
  async #serveAlone(command: string): Promise<ChildProcess> {
    const [, file = ''] = /--config (\S+)/.exec(command) ?? [];
    const path = join(this.directory, file);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll(`:${this.#portOf(file)}`, `:${this.#port}`));
    return this.#serve(command, this.#port);
  }

  async #serve(command: string, port: number): Promise<ChildProcess> {
    const server = this.#shell(`exec ${command.slice(0, -2)}`);
    const printed = textOf(server);
    const ended = once(server, 'exit').then(() => {
      throw new Error(`${command} ended: ${printed()}`);
    });
    ended.catch(() => {});
    const serving = expect.poll(printed).toContain(`http://127.0.0.1:${port}`);
    await Promise.race([serving, ended]);
    return server;
  }

  /** For configurations that a command has written. */
  async #useFreePort(): Promise<void> {
    for (const name of await readdir(this.directory, { recursive: true })) {
      if (!name.endsWith('.conf')) continue;
      const file = join(this.directory, name);
      const text = await readFile(file, 'utf8');
      if (text.includes(':8080')) await writeFile(file, onPort(text, this.#port));
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

/** Replaces the page's port 8080, which may be in use. */
function onPort(text: string, port: number): string {
  return text.replaceAll(':8080', `:${port}`);
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
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
