import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { webserv } from '../e2e/command.js';
import { forTransport } from '../wire/transport.js';

/**
 * The real command in a process of its own, so that its memory and descriptors can be measured separately from the
 * test's.
 */
export interface RunningCommand extends AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  /** Its error log so far. */
  log(): string;
  /** True until its process has ended. */
  running(): boolean;
  /** Process ids of the command and its workers, without the standby process, which may be starting just now. */
  processes(): Promise<readonly number[]>;
  /** Resident memory of all of them, in bytes. */
  memory(): Promise<number>;
  /** Open descriptors of all of them. */
  descriptors(): Promise<number>;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export type Files = Readonly<Record<string, string | Uint8Array | { content: string; mode: number }>>;

async function writeFiles(directory: string, files: Files): Promise<void> {
  for (const [name, file] of Object.entries(files)) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    const plain = typeof file === 'string' || file instanceof Uint8Array;
    await writeFile(path, plain ? file : file.content);
    if (!plain) await chmod(path, file.mode);
  }
}

/** A numeric field of /proc/PID/status; undefined if the process has just ended. */
async function statusOf(pid: number, field: string): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const value = new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(status)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** `root` and the processes it started from the same program: its workers and the standby, but not its scripts. */
async function family(root: number): Promise<readonly number[]> {
  const program = (pid: number): Promise<string> => readlink(`/proc/${pid}/exe`).catch(() => '');
  const own = await program(root);
  const children = await readFile(`/proc/${root}/task/${root}/children`, 'latin1').catch(() => '');
  const members = [root];
  for (const name of children.split(' ')) {
    if (name !== '' && (await program(Number(name))) === own) members.push(Number(name));
  }
  return members;
}

/** A standby process replaces a worker that may die; it comes and goes with the workers. */
async function standsBy(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).includes('standby');
}

async function working(root: number): Promise<readonly number[]> {
  const members = await family(root);
  const waiting = await Promise.all(members.map(standsBy));
  return members.filter((_, index) => !waiting[index]);
}

/**
 * Starts the command on a free port.
 * @param conf a whole configuration; `LISTEN` in it is replaced with the address
 * @param through a program with arguments that executes the command
 */
export async function startCommand(
  conf: string,
  files: Files = {},
  through: readonly string[] = [],
): Promise<RunningCommand> {
  const directory = await mkdtemp(join(tmpdir(), 'webserv-hostile-'));
  const file = join(directory, 'test.conf');
  await writeFiles(directory, {
    ...files,
    'test.conf': forTransport(conf).replaceAll('LISTEN', '127.0.0.1:0'),
  });
  const command = await webserv(['--config', file], /127\.0\.0\.1:\d+/, through);
  const { pid = 0 } = command.child;
  const processes = (): Promise<readonly number[]> => working(pid);
  const total = async (of: (pid: number) => Promise<number>): Promise<number> =>
    (await Promise.all((await processes()).map(of))).reduce((sum, one) => sum + one, 0);
  return {
    port: Number(/127\.0\.0\.1:(\d+)/.exec(command.stdout())?.[1]),
    directory,
    log: command.stderr,
    running: () => command.child.exitCode === null && command.child.signalCode === null,
    processes,
    memory: () => total(async (member) => ((await statusOf(member, 'VmRSS')) ?? 0) * 1024),
    descriptors: () => total(async (member) => (await readdir(`/proc/${member}/fd`).catch(() => [])).length),
    end: command.end,
    async [Symbol.asyncDispose]() {
      await command[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
