import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';
import { Client, eventually } from '../hostile/client.js';
import { type RunningCommand, startCommand } from '../hostile/command.js';
import { anyAlive, isAlive } from './processes.js';
import { type Figure, Verdict } from './verdict.js';

/** Size of an upload in bytes, and the part of it that has been sent when the machine shuts down. */
const SIZE = 600_000;
const SENT = 400_000;

const conf = (port: number, directory = '.'): string => `
workers 2;
worker_shutdown_timeout 5s;
server {
  listen 127.0.0.1:${port};
  client_max_body_size 100m;
  location /files { root ${directory}/store; upload on; }
}
`;

const letter = (index: number): string => String.fromCharCode(97 + (index % 26));
const contentOf = (index: number): string => letter(index).repeat(SIZE);

/** A request in two pieces: the bytes before the stop, and the rest. */
function uploadOf(index: number): readonly [string, string] {
  const content = contentOf(index);
  const name = `/files/folder${index % 3}/file${index}`;
  const request = [
    () => `PUT ${name} HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n${content}`,
    () =>
      `PUT ${name} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${SIZE.toString(16)}\r\n${content}\r\n0\r\n\r\n`,
    () => {
      const form = `--XX\r\nContent-Disposition: form-data; name=a; filename="file${index}"\r\n\r\n${content}\r\n--XX--\r\n`;
      return `POST /files/folder${index % 3}/ HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: ${form.length}\r\n\r\n${form}`;
    },
  ][index % 3]?.();
  if (request === undefined) throw new Error('unknown kind of upload');
  return [request.slice(0, SENT), request.slice(SENT)];
}

export interface StopMidUploadOptions {
  readonly uploads: number;
}

interface Found {
  readonly whole: number;
  readonly partial: readonly string[];
  readonly temporary: readonly string[];
}

/** Checks the store: each file is either the whole upload of its name, or a partial one. */
async function look(directory: string): Promise<Found> {
  const entries = await readdir(join(directory, 'store'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== '.keep');
  const temporary = files.filter(({ name }) => name.startsWith('.')).map(({ name }) => name);
  const partial: string[] = [];
  let whole = 0;
  for (const { name, parentPath } of files.filter((file) => !file.name.startsWith('.'))) {
    const content = await readFile(join(parentPath, name), 'latin1');
    if (content === contentOf(Number(/\d+/.exec(name)?.[0]))) whole += 1;
    else partial.push(`${name}: ${content.length} bytes`);
  }
  return { whole, partial, temporary };
}

async function temporaries(directory: string): Promise<number> {
  return (await look(directory)).temporary.length;
}

/**
 * SIGTERM during uploads, as at a shutdown of the machine: every other client finishes within the grace period and its
 * file is complete; the others leave nothing. Then the same, with SIGKILL for all remaining processes before the grace
 * period ends: partial files are deleted soon after the next start.
 */
export async function stopMidUpload({ uploads }: StopMidUploadOptions): Promise<readonly Figure[]> {
  const verdict = new Verdict();
  await politely(uploads, verdict);
  await hurriedly(uploads, verdict);
  return verdict.close();
}

const FILES = { 'store/folder0/.keep': '', 'store/folder1/.keep': '', 'store/folder2/.keep': '' };

/** Starts the uploads, and waits until a part of each is on disk. */
async function begin(server: RunningCommand, uploads: number): Promise<readonly Client[]> {
  const clients = await Promise.all(Array.from({ length: uploads }, () => Client.connect(server.port)));
  for (const [index, client] of clients.entries()) client.send(uploadOf(index)[0]);
  await eventually('uploads under way', async () => (await temporaries(server.directory)) === uploads);
  return clients;
}

async function politely(uploads: number, verdict: Verdict): Promise<void> {
  await using server = await startCommand(conf(await freePort()), FILES);
  const clients = await begin(server, uploads);
  const exit = server.end('SIGTERM');
  await sleep(300);
  const finishing = clients.filter((_, index) => index % 2 === 0);
  for (const [index, client] of clients.entries()) if (index % 2 === 0) client.send(uploadOf(index)[1]);
  verdict.expect('SIGTERM: exit', String(await exit), '0');
  await eventually('all clients at an end', () => clients.every(({ end }) => end !== 'open'));
  const { whole, partial, temporary } = await look(server.directory);
  const created = finishing.filter(({ text }) => text.startsWith('HTTP/1.1 201 ')).length;
  verdict.expect('uploads finished in the grace, answered with 201', `${created}`, `${finishing.length}`);
  verdict.expect('their files, whole', `${whole}`, `${finishing.length}`);
  verdict.none('partial files', partial.length);
  verdict.none('temporary files', temporary.length);
  for (const client of clients) client[Symbol.dispose]();
}

async function hurriedly(uploads: number, verdict: Verdict): Promise<void> {
  await using server = await startCommand(conf(await freePort()), FILES);
  const clients = await begin(server, uploads);
  const processes = await server.processes();
  const [master = 0] = processes;
  process.kill(master, 'SIGTERM');
  await sleep(300);
  // A worker without an upload has ended already.
  for (const pid of processes) if (await isAlive(pid)) process.kill(pid, 'SIGKILL');
  await eventually('all gone', async () => !(await anyAlive(processes)));
  for (const client of clients) client[Symbol.dispose]();
  const after = await look(server.directory);
  verdict.none('SIGKILL in the grace: partial files', after.partial.length);
  verdict.none('files of incomplete uploads', after.whole);
  verdict.tell('temporary files before the next start', after.temporary.length);
  await using next = await startCommand(conf(await freePort(), server.directory));
  await eventually('swept', async () => (await temporaries(server.directory)) === 0).catch(() => {});
  verdict.none('temporary files after the next start', await temporaries(server.directory));
  verdict.expect('exit of the next server', String(await next.end('SIGTERM')), '0');
}
