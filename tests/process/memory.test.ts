import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, eventually, masterOf, onlyWorkerOf, standbyOf } from './running.js';

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

const PLUGINS = Array.from({ length: 5 }, (_, index) => `unused-${index}.mjs`);
const loads = PLUGINS.map((name) => `load_plugin ./${name};\n`).join('');

interface Measured {
  /** Heaps of the worker, and of the process that stood by for it. Bytes. */
  readonly heaps: readonly [worker: number, standby: number];
  /** Private memory of the process that stood by. Bytes. */
  readonly standby: number;
}

/** Private memory of the standby process. Bytes. */
async function standbyMemory(server: Serving): Promise<number> {
  const master = masterOf(server);
  await onlyWorkerOf(master);
  const standby = await standbyOf(master);
  // The thread that compiled the plugins ends when it has had nothing to do for half a second.
  await sleep(1000);
  return privateMemory(standby);
}

/** Kills the worker, so that the standby process serves too. */
async function measure(server: Serving): Promise<Measured> {
  const master = masterOf(server);
  const memory = await standbyMemory(server);
  const standby = await standbyOf(master);
  const worker = await heapOf(server);
  process.kill(await onlyWorkerOf(master), 'SIGKILL');
  await eventually(async () => expect(await childrenOf(master)).toContain(standby));
  return { heaps: [worker, await heapOf(server)], standby: memory };
}

// Each bound is twice what was measured.
describe.runIf(process.platform === 'linux')('memory', () => {
  const SERVERS = 50;

  const measured = shared(async () => {
    const port = await freePort();
    const folder = await folderWith({
      'webserv.conf': configuration(port, 1),
      'gauge.mjs': gauge,
      ...roots,
      ...Object.fromEntries(PLUGINS.map((name, index) => [name, unused(index)])),
    });
    const file = join(folder, 'webserv.conf');
    const server = await serving([file]);
    const reload = async (text: string, generation: number): Promise<void> => {
      await writeFile(file, text);
      server.child.kill('SIGHUP');
      await eventually(() => expect(server.stderr()).toContain(`reloaded: generation ${generation}`));
    };
    const few = await measure(server);
    await reload(configuration(port, SERVERS), 2);
    const many = await measure(server);
    await reload(loads + configuration(port, 1), 3);
    return { few, many, withPlugins: await standbyMemory(server) };
  });

  it('of a route is a few kilobytes, in a worker and in the process that stands by', () => {
    const { few, many } = measured();
    const routes = (SERVERS - 1) * 21;
    const [worker, standby] = many.heaps.map((bytes, index) => (bytes - (few.heaps[index] ?? 0)) / routes);
    expect(worker).toBeLessThan(4 * KIB);
    expect(standby).toBeLessThan(4 * KIB);
  });

  it('of five plugins that no route uses is a few megabytes', () => {
    const { few, withPlugins } = measured();
    expect(withPlugins - few.standby).toBeLessThan(22 * MIB);
  });
});
