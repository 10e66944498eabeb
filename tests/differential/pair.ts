import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, webserv } from '../e2e/command.js';
import { eventually } from '../hostile/client.js';
import { idOf, PASSWORDS, WORKER_USER } from './accounts.js';
import { type World, withoutErrorPages } from './model.js';
import { type NginxPlace, nginxConfiguration, type WorldPlace } from './nginx-conf.js';
import { writeTree } from './tree.js';
import { webservConfiguration } from './webserv-conf.js';

/** nginx and webserv with the same worlds, each with its own files. */
export interface Pair extends AsyncDisposable {
  /** In the order of the worlds. */
  readonly places: readonly PairedPlace[];
}

export interface PairedPlace {
  readonly nginx: WorldPlace;
  readonly webserv: WorldPlace;
  /** The same sockets without any `error_page`. */
  readonly bare: { readonly nginx: WorldPlace; readonly webserv: WorldPlace };
}

/** @throws Error when a server rejects its configuration, with its messages */
export async function startPair(worlds: readonly World[]): Promise<Pair> {
  const directory = await mkdtemp(join(tmpdir(), 'webserv-differential-'));
  await chmod(directory, 0o755);
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? await idOf(WORKER_USER) : undefined;
  const passwords = join(directory, 'passwords');
  await writeFile(passwords, PASSWORDS);
  const place: NginxPlace = { directory, user: isRoot ? WORKER_USER : undefined, passwords };
  const placeOf = async (server: string, { number, tree }: World): Promise<WorldPlace> => {
    const world = join(directory, `${server}-${number}`);
    await writeTree(world, tree, owner);
    return { directory: world, socket: join(directory, `${server}-${number}.sock`) };
  };
  const bare = (place: WorldPlace): WorldPlace => ({ ...place, socket: `${place.socket}-bare` });
  const places: PairedPlace[] = [];
  for (const world of worlds) {
    const [nginx, webserv] = [await placeOf('nginx', world), await placeOf('webserv', world)];
    places.push({ nginx, webserv, bare: { nginx: bare(nginx), webserv: bare(webserv) } });
  }
  const paired = (server: 'nginx' | 'webserv'): [World, WorldPlace][] =>
    worlds.flatMap((world, index) => {
      const found = places[index];
      if (found === undefined) return [];
      return [
        [world, found[server]],
        [withoutErrorPages(world), found.bare[server]],
      ];
    });
  const files = { nginx: join(directory, 'nginx.conf'), webserv: join(directory, 'webserv.conf') };
  await writeFile(files.nginx, nginxConfiguration(paired('nginx'), place));
  await writeFile(files.webserv, webservConfiguration(paired('webserv'), place));
  const nginx = await startNginx(
    directory,
    files.nginx,
    places.flatMap((each) => [each.nginx.socket, each.bare.nginx.socket]),
  );
  let command: Command;
  try {
    command = await webserv(['--config', files.webserv], /\.sock/);
    for (const {
      bare: {
        webserv: { socket },
      },
    } of places)
      await eventually(`${socket} open`, () => isOpen(socket));
  } catch (error) {
    await endNginx(nginx);
    throw new Error(`${String(error)}\n(configuration: ${files.webserv})`);
  }
  return {
    places,
    async [Symbol.asyncDispose]() {
      await command.end('SIGTERM');
      await endNginx(nginx);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startNginx(
  directory: string,
  file: string,
  sockets: readonly string[],
): Promise<ChildProcess> {
  const child = spawn('nginx', ['-p', directory, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'spawn');
  for (const socket of sockets) {
    await eventually(`nginx on ${socket}`, () => {
      if (child.exitCode !== null) throw new Error(`nginx exited: ${said}`);
      return isOpen(socket);
    });
  }
  return child;
}

async function endNginx(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

function isOpen(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
