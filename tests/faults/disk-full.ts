import { readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';
import { Client, eventually } from '../hostile/client.js';
import { startCommand } from '../hostile/command.js';
import { Line } from './exchange.js';
import { startWithDisk } from './small-disk.js';
import { type Figure, Verdict } from './verdict.js';

/** Larger than the disk; and the disk is larger than the log lines that wait in memory for space. */
const TOO_BIG = 6_000_000;
const DISK = '4m';
/** Number of visits after there is space again. */
const AFTERWARDS = 50;
const GET = 'GET /page HTTP/1.1\r\nHost: a\r\n\r\n';

const conf = (port: number): string => `
workers 2;
error_log disk/error.log info;
access_log disk/access.log json;
client_max_body_size 100m;
server {
  listen 127.0.0.1:${port};
  location /page { return 200 "the page"; }
  location /files { root disk/store; upload on; upload_conflict replace; }
  location /cgi { root disk/tmp; cgi .cgi /bin/cat; cgi_require_file off; }
}
`;

const content = (size: number, letter = 'x'): string => letter.repeat(size);
const sized = (method: string, path: string, body: string, type = 'text/plain'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (method: string, path: string, body: string): string =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const form = (body: string): string =>
  '--XX\r\nContent-Disposition: form-data; name=a; filename=first\r\n\r\nsmall\r\n' +
  `--XX\r\nContent-Disposition: form-data; name=b; filename=second\r\n\r\n${body}\r\n--XX--\r\n`;

/** Every way in which a body reaches the disk. `kept` is a file that existed before. */
const uploads = (): readonly string[] => [
  sized('PUT', '/files/new', content(TOO_BIG)),
  sized('PUT', '/files/kept', content(TOO_BIG)),
  chunked('PUT', '/files/chunked', content(TOO_BIG)),
  sized('POST', '/files/', content(TOO_BIG)),
  sized('POST', '/files/', form(content(TOO_BIG)), 'multipart/form-data; boundary=XX'),
  sized('POST', '/cgi/spooled.cgi', content(TOO_BIG)),
];

/**
 * Sends all requests concurrently.
 * @returns the status of each response
 */
async function sendAll(port: number, requests: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    requests.map(async (request) => {
      using client = await Client.connect(port);
      client.send(request);
      await eventually('an answer', () => client.text.includes('\r\n\r\n') || client.end !== 'open').catch(
        () => {},
      );
      return client.text.slice(9, 12) || 'none';
    }),
  );
}

/** Fills all remaining space. */
async function fill(disk: string): Promise<void> {
  const { bavail, bsize } = await statfs(disk);
  for (let size = bavail * bsize; size >= 1; size = Math.floor(size / 2)) {
    await writeFile(join(disk, 'filler'), content(size), { flag: 'a' }).catch(() => {});
  }
}

export interface DiskFullOptions {
  /** How often every kind of upload is tried, all concurrently. */
  readonly rounds: number;
  /** Number of requests while the log has no space for a single line. */
  readonly requests: number;
}

/**
 * A disk of 4 MiB for uploads, spooled bodies and logs. Requests without enough space get 507 and leave no files; all
 * others are served, and logged again once there is space.
 */
export async function diskFull({ rounds, requests }: DiskFullOptions): Promise<readonly Figure[]> {
  const verdict = new Verdict();
  const port = await freePort();
  await using server = await startWithDisk(conf(port), DISK);
  const { disk } = server;
  const stored = async (): Promise<string> => (await readdir(join(disk, 'store'))).sort().join();
  const [first] = await sendAll(port, [sized('PUT', '/files/kept', content(1000, 'k'))]);
  verdict.expect('a file that fits', first ?? '', '201');
  const statuses = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    for (const status of await sendAll(port, uploads()))
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  const told = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
  verdict.expect('content without room', told, `${uploads().length * rounds} × 507`);
  await eventually('the store as it was', async () => (await stored()) === 'kept').catch(() => {});
  verdict.expect('files in the store', await stored(), 'kept');
  const kept = await readFile(join(disk, 'store/kept'), 'utf8');
  verdict.expect(
    'the file that was to be replaced',
    kept === content(1000, 'k') ? 'whole' : 'changed',
    'whole',
  );
  verdict.none('spooled bodies left', (await readdir(join(disk, 'tmp'))).length);

  await fill(disk);
  verdict.below('space left', (await statfs(disk)).bavail, 1, ' blocks');
  verdict.expect('answers with no room for the logs', await visit(port, requests), `${requests} × 200`);
  verdict.expect(
    'an upload then',
    (await sendAll(port, [sized('PUT', '/files/late', 'late')])).join(),
    '507',
  );
  verdict.expect('files in the store then', await stored(), 'kept');
  await rm(join(disk, 'filler'), { force: true });
  const [again] = await sendAll(port, [sized('PUT', '/files/again', content(1000))]);
  verdict.expect('an upload when there is room again', again ?? '', '201');
  const log = (): Promise<string> => readFile(join(disk, 'access.log'), 'utf8');
  const { length } = await log();
  // The server retries to write a failed log once a second.
  await eventually('logged again', async () => {
    await visit(port, 1);
    await sleep(100);
    return (await log()).length > length;
  }).catch(() => {});
  await visit(port, AFTERWARDS);
  const lines = async (): Promise<readonly string[]> => (await log()).trimEnd().split('\n');
  await eventually('the last lines', async () => wholeAtEnd(await lines()) >= AFTERWARDS).catch(() => {});
  verdict.atLeast('whole lines at the end of the access log', wholeAtEnd(await lines()), AFTERWARDS);
  verdict.tell('torn lines in it', (await lines()).filter((text) => !isWhole(text)).length);
  verdict.expect('exit', String(await server.end()), '0');
  verdict.expect('with no room for logs from the start', await withoutLogs(requests), `${requests} × 200`);
  verdict.detail(server.log().slice(-2000));
  return verdict.close();
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function wholeAtEnd(lines: readonly string[]): number {
  return lines.length - 1 - lines.findLastIndex((line) => !isWhole(line));
}

async function withoutLogs(requests: number): Promise<string> {
  await using server = await startCommand(
    `error_log /dev/full info; access_log /dev/full; server { listen LISTEN; location /page { return 200 page; } }`,
  );
  return await visit(server.port, requests);
}

/**
 * Makes visits on one connection.
 * @returns the number of responses of each status
 */
async function visit(port: number, count: number): Promise<string> {
  const statuses = new Map<number, number>();
  let line = await Line.connect(port);
  for (let done = 0; done < count; done += 1) {
    if (!line.usable) line = await Line.connect(port);
    const { status } = await line.ask(GET);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  line.close();
  return [...statuses].map(([status, times]) => `${times} × ${status}`).join(', ');
}
