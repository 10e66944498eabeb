import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** The real command with a separate disk below its directory: `disk`, with only `disk/store` and `disk/tmp` on it. */
export interface ServerWithDisk extends AsyncDisposable {
  /** Path of the disk for this process. */
  readonly disk: string;
  readonly child: ReturnType<typeof spawn>;
  log(): string;
  end(): Promise<number | null>;
}

/**
 * Mounts a tmpfs that only the server sees, in a mount namespace that ends with its processes. So it cannot be left
 * behind, and with a user namespace it does not need root.
 * @param conf a whole configuration; TMPDIR is on the disk too
 * @throws Error when the system does not allow mounts: the run is not skipped
 */
export async function startWithDisk(conf: string, size: string): Promise<ServerWithDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'webserv-disk-'));
  await writeFile(join(directory, 'test.conf'), conf);
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const script =
    'cd "$1" && mkdir disk && mount -t tmpfs -o "size=$2,mode=755" webserv disk && mkdir disk/store disk/tmp && exec "$3" "$4" test.conf';
  const child = spawn(
    'unshare',
    [...asRoot, '--mount', 'sh', '-c', script, 'sh', directory, size, process.execPath, main],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: join(directory, 'disk/tmp') } },
  );
  let text = '';
  let shown = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      text += `${error.message}\n`;
      resolve();
    });
  });
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal);
    await ended;
    return child.exitCode;
  };
  const serves = new Promise<void>((resolve) =>
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      shown += piece;
      if (/127\.0\.0\.1:\d+/.test(shown)) resolve();
    }),
  );
  const failed = ended.then(() => {
    throw new Error(`no server with a small disk; it takes unshare and mount (util-linux):\n${text}`);
  });
  await Promise.race([serves, failed]);
  failed.catch(() => {});
  return {
    disk: `/proc/${child.pid}/root${directory}/disk`,
    child,
    log: () => text,
    end,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
