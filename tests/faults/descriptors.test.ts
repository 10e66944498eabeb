import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folderWith, serving } from '../cli/webserv.js';
import { Client, eventually } from '../hostile/client.js';
import { childrenOf, onlyWorkerOf } from '../process/running.js';

const prlimit = promisify(execFile);
const LIMIT = 64;
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** A server with one worker and a limited number of descriptors from the start. */
async function limited(conf: string) {
  const folder = await folderWith({
    'webserv.conf': `server { listen 127.0.0.1:0; root www; ${conf} }`,
    'www/index.html': 'home',
    'www/folder/a': '',
  });
  const server = await serving([join(folder, 'webserv.conf')], {
    through: ['prlimit', `--nofile=${LIMIT}:${LIMIT}`],
  });
  const worker = await onlyWorkerOf(server.child.pid ?? 0);
  await expect.poll(() => server.stderr()).toContain('is lowered to');
  const lowered = /max_connections 10000 is lowered to (\d+)/.exec(server.stderr())?.[1];
  return { server, worker, port: Number(new URL(server.url).port), room: Number(lowered) };
}

async function clients(port: number, count: number): Promise<Client[]> {
  const all = await Promise.all(Array.from({ length: count }, () => Client.connect(port)));
  onTestFinished(() => {
    for (const client of all) client.reset();
  });
  return all;
}

const descriptors = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

/** CPU time so far, in hundredths of a second. */
async function ticks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

describe.runIf(process.platform === 'linux')(`a server that may have ${LIMIT} descriptors`, () => {
  it('reports at the start how many connections fit', async () => {
    const { server, room } = await limited('');
    expect(room).toBeGreaterThan(5);
    expect(room).toBeLessThan(LIMIT / 2);
    expect(server.stderr()).toContain(`the process may open ${LIMIT} descriptors (ulimit -n)`);
  });

  it('gives 500 clients 200, or 503 with Retry-After, or no response; and serves all clients after they have left', async () => {
    const { server, worker, port, room } = await limited('');
    const before = await descriptors(worker);
    const crowd = await clients(port, 500);
    for (const client of crowd) client.send(get('/'));
    const served = (): number => crowd.filter(({ text }) => text.startsWith('HTTP/1.1 200 ')).length;
    await eventually('all of them answered or closed', () =>
      crowd.every(({ end, text }) => end !== 'open' || text !== ''),
    );
    expect(served()).toBeGreaterThanOrEqual(room);
    for (const { text } of crowd) {
      if (text !== '') expect(text).toMatch(/^HTTP\/1\.1 (?:200 |503 [\s\S]*\r\nRetry-After: \d)/);
    }
    // Some connections are still open and idle, which costs no CPU time.
    const worked = await ticks(worker);
    await sleep(1000);
    expect((await ticks(worker)) - worked).toBeLessThan(50);
    for (const client of crowd) client.reset();
    await eventually('descriptors back', async () => (await descriptors(worker)) <= before);
    for (let count = 0; count < 2 * room; count += 1) expect((await fetch(server.url)).status).toBe(200);
    expect(await childrenOf(server.child.pid ?? 0)).toEqual([worker]);
  });

  it('closes the oldest idle connection for a new client, and none that waits for its response', async () => {
    const { port, room } = await limited('location /form { methods POST; return 200 read; }');
    const [busy, ...idle] = await clients(port, room);
    expect(idle.length).toBeGreaterThan(4);
    busy?.send('POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12');
    for (const client of idle) {
      client.send(get('/'));
      await client.received('home');
    }
    const [late] = await clients(port, 1);
    late?.send(get('/'));
    await late?.received('home');
    expect(idle.map(({ end }) => end === 'open')).toEqual(idle.map((_, index) => index > 0));
    busy?.send('34');
    await busy?.received('read');
  });

  it.each([
    ['/index.html', 'home'],
    ['/folder/', 'a'],
  ])(
    'responds with 503 and Retry-After when it cannot open %s, and with 200 once it can again',
    async (path, content) => {
      const { server, worker, port } = await limited('autoindex on;');
      const [client] = await clients(port, 1);
      await expect.poll(() => descriptors(worker)).toBeGreaterThan(10);
      const allow = (count: number): Promise<unknown> =>
        prlimit('prlimit', ['--pid', String(worker), `--nofile=${count}:${LIMIT}`]);
      // The numbers in use have gaps, so a limit below all of them certainly leaves no free descriptor.
      await allow(4);
      client?.send(get(path));
      await client?.received(/^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: \d/);
      await allow(LIMIT);
      expect(await (await fetch(server.url + path)).text()).toContain(content);
    },
  );
});
