import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, standbyOf } from './running.js';

const KIB = 1024;
const MIB = 1024 ** 2;

/** Responds with the used bytes of the process's heap after a full garbage collection. */
const gauge = `
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { definePlugin, flag, Stage } from '@webserv/server';
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
export default definePlugin({
  name: 'gauge',
  directives: { gauge: flag({ in: ['location'], default: false, help: 'measures', example: 'gauge on;' }) },
  apply({ options, hooks }) {
    if (!options.gauge) return;
    hooks.onRoute.tapPromise({ stage: Stage.handler }, async () => {
      for (let round = 0; round < 4; round += 1) {
        collect();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { status: 200, headers: {}, body: String(process.memoryUsage().heapUsed) };
    });
  },
});
`;

const LOCATIONS = Array.from(
  { length: 20 },
  (_, index) => `location /part${index} { root www/${index}; autoindex on; index a.html b.html; }\n`,
).join('');

function configuration(port: number, servers: number): string {
  const own = `load_plugin ./gauge.mjs; server { listen 127.0.0.1:${port} default_server; location = /heap { gauge on; } }\n`;
  const others = Array.from(
    { length: servers },
    (_, index) => `server { listen 127.0.0.1:${port}; server_name s${index}.example.org;\n${LOCATIONS}}\n`,
  );
  return own + others.join('');
}

const roots = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`www/${index}/a.html`, 'a']));

async function heapOf(server: Serving): Promise<number> {
  const response = await fetch(`${server.url}/heap`, { headers: { connection: 'close' } });
  return Number(await response.text());
}

/** The heap of a worker, and of the process that stood by for it, with so many servers of twenty locations. Bytes. */
async function heapsWith(servers: number): Promise<readonly [worker: number, standby: number]> {
  const text = configuration(await freePort(), servers);
  const folder = await folderWith({ 'webserv.conf': text, 'gauge.mjs': gauge, ...roots });
  const server = await serving([join(folder, 'webserv.conf')]);
  const master = server.child.pid ?? 0;
  const standby = await standbyOf(master);
  const worker = await heapOf(server);
  const [serves] = await childrenOf(master);
  process.kill(serves ?? 0, 'SIGKILL');
  await expect.poll(() => childrenOf(master)).toContain(standby);
  const stoodBy = await heapOf(server);
  await server.stop();
  return [worker, stoodBy];
}

/** Bytes of memory that no other process shares. */
async function privateMemory(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...rollup.matchAll(/^Private_\w+:\s*(\d+) kB/gm)].reduce(
    (sum, [, size]) => sum + Number(size) * KIB,
    0,
  );
}

function unused(index: number): string {
  return `
import { definePlugin, flag } from '@webserv/server';
export default definePlugin({
  name: 'unused-${index}',
  directives: { unused_${index}: flag({ in: ['location'], default: false, help: 'counts', example: 'unused_${index} on;' }) },
  setup: () => ({ done: 0 }),
  apply({ options, hooks, state }) {
    if (options.unused_${index}) hooks.onDone.tap({}, () => { state.done += 1; });
  },
});
`;
}

async function memoryWith(plugins: number): Promise<number> {
  const names = Array.from({ length: plugins }, (_, index) => `unused-${index}.mjs`);
  const loads = names.map((name) => `load_plugin ./${name};\n`).join('');
  const folder = await folderWith({
    'webserv.conf': `${loads}server { listen 127.0.0.1:0; return 204; }`,
    ...Object.fromEntries(names.map((name, index) => [name, unused(index)])),
  });
  const server = await serving([join(folder, 'webserv.conf')]);
  const standby = await standbyOf(server.child.pid ?? 0);
  // The thread that compiled them ends when it has had nothing to do for half a second.
  await sleep(1500);
  const used = await privateMemory(standby);
  await server.stop();
  return used;
}

// Each bound is twice what was measured.
describe('memory', () => {
  it('of a route is a few kilobytes, in a worker and in the process that stands by', async () => {
    const servers = 100;
    const few = await heapsWith(1);
    const many = await heapsWith(servers);
    const routes = (servers - 1) * 21;
    const [worker, standby] = many.map((bytes, index) => (bytes - (few[index] ?? 0)) / routes);
    expect(worker).toBeLessThan(4 * KIB);
    expect(standby).toBeLessThan(4 * KIB);
  });

  it.runIf(process.platform === 'linux')(
    'of five plugins that no route uses is a few megabytes',
    async () => {
      const added = (await memoryWith(5)) - (await memoryWith(0));
      expect(added).toBeLessThan(22 * MIB);
    },
  );
});
