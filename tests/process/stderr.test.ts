import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { afterwards, shared } from '../cli/afterwards.js';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { childrenOf, masterOf, onlyWorkerOf, responseOf } from './running.js';

const run = promisify(execFile);
/** Long, so that a few hundred requests exceed the pipe and the megabyte that the log keeps. */
const QUERY = 'x'.repeat(7000);
const REQUESTS = 600;
const MEGABYTE = 1024 * 1024;

/** A server that traces every request to a standard error that a shell has redirected. */
async function tracing(folder: string, where: string): Promise<Serving> {
  return serving(['--trace', join(folder, 'webserv.conf')], {
    cwd: folder,
    through: ['sh', '-c', `exec "$@" 2>${where}`, 'sh'],
  });
}

const site = (): Promise<string> =>
  folderWith({ 'webserv.conf': 'server { listen 127.0.0.1:0; return 200 served; }' });

/** A pipe with this process as its only reader. */
async function pipeIn(folder: string) {
  await run('mkfifo', [join(folder, 'pipe')]);
  return open(join(folder, 'pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
}

/**
 * Makes many requests, eight at a time.
 * @returns the number of responses with status 200
 */
async function visits({ url }: Serving): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  afterwards(() => agent.destroy());
  const statuses = await Promise.all(
    Array.from(
      { length: REQUESTS },
      () =>
        new Promise<number | undefined>((resolve) => {
          const request = get(`${url}/?${QUERY}`, { agent, timeout: 20_000 }, (response) => {
            response.resume().once('close', () => resolve(response.statusCode));
          });
          request.once('timeout', () => request.destroy()).once('error', () => resolve(undefined));
        }),
    ),
  );
  return statuses.filter((status) => status === 200).length;
}

async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) * 1024;
}

/** Reloads a server that cannot report it, and stops it. */
async function expectContinues(server: Serving): Promise<void> {
  const before = await childrenOf(masterOf(server));
  for (let count = 0; count < 20; count += 1) expect(await responseOf(server)).toBe('served');
  server.child.kill('SIGHUP');
  // The master continues, too.
  await expect
    .poll(async () => (await childrenOf(masterOf(server))).some((pid) => before.includes(pid)))
    .toBe(false);
  expect(await responseOf(server)).toBe('served');
  expect((await server.stop()).code).toBe(0);
}

describe.runIf(process.platform === 'linux')('standard error, where the log goes by default,', () => {
  const piped = shared(async () => {
    const folder = await site();
    const pipe = await pipeIn(folder);
    afterwards(() => pipe.close());
    return { pipe, server: await tracing(folder, 'pipe') };
  });

  it('without a reader does not delay requests, and keeps a bounded number of entries', async () => {
    const { pipe, server } = piped();
    const worker = await onlyWorkerOf(masterOf(server));
    await responseOf(server);
    const before = await memoryOf(worker);
    expect(await visits(server)).toBe(REQUESTS);
    expect((await memoryOf(worker)) - before).toBeLessThan(40 * MEGABYTE);
    let received = '';
    const receive = async (): Promise<string> => {
      const { buffer, bytesRead } = await pipe.read({ buffer: Buffer.alloc(MEGABYTE) });
      received += buffer.toString('latin1', 0, bytesRead);
      return received;
    };
    // Now it is read: first the entries that were kept, then how many were not.
    await expect.poll(receive, { interval: 10 }).toMatch(/\(\d+ entries were dropped\)/);
    expect(received).toContain('trace 1: GET /');
    expect(received.length).toBeLessThan(2 * MEGABYTE);
    expect(REQUESTS * QUERY.length).toBeGreaterThan(3 * MEGABYTE);
  });

  it('whose reader has ended stops no worker, and does not prevent the end', async () => {
    const { pipe, server } = piped();
    await pipe.close();
    await expectContinues(server);
  });

  it('on a full disk stops no worker, and does not prevent the end', async () => {
    await expectContinues(await tracing(await site(), '/dev/full'));
  });
});
