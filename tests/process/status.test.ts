import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith, serving } from '../cli/webserv.js';
import { childrenOf, patience } from './running.js';

const CONF = `workers 2;
error_log error.log;
server {
    listen 127.0.0.1:0;
    location /x { return 200 ok; }
    location = /status { status json; }
}
`;

interface Numbers {
  readonly webserv_requests_total: readonly { readonly route: string; readonly value: number }[];
  readonly webserv_workers: number;
  readonly webserv_worker_restarts_total: number;
  readonly webserv_config_generation: number;
}

async function numbersOf(url: string): Promise<Numbers> {
  const answer = await fetch(new URL('/status', url), { headers: { connection: 'close' } });
  return JSON.parse(await answer.text());
}

it('shows the metrics of all workers together, and those of the master', async () => {
  const folder = await folderWith({ 'webserv.conf': CONF });
  const server = await serving([join(folder, 'webserv.conf')]);
  try {
    const asked = 60;
    for (let turn = 0; turn < asked; turn += 1) {
      await (await fetch(new URL('/x', server.url), { headers: { connection: 'close' } })).text();
    }
    await expect
      .poll(async () => {
        const { webserv_requests_total: requests } = await numbersOf(server.url);
        return requests.find(({ route }) => route.endsWith('location /x'))?.value;
      }, patience)
      .toBe(asked);
    expect(await numbersOf(server.url)).toMatchObject({
      webserv_workers: 2,
      webserv_worker_restarts_total: 0,
      webserv_config_generation: 1,
    });
    const [victim = 0] = await childrenOf(server.child.pid ?? 0);
    process.kill(victim, 'SIGKILL');
    await expect
      .poll(async () => {
        const { webserv_workers: workers, webserv_worker_restarts_total: restarts } = await numbersOf(
          server.url,
        );
        return [workers, restarts];
      }, patience)
      .toEqual([2, 1]);
    // Counts of the ended worker are kept: to a scraper, a counter that falls has been reset.
    const { webserv_requests_total: afterwards } = await numbersOf(server.url);
    expect(afterwards.find(({ route }) => route.endsWith('location /x'))?.value).toBe(asked);
    server.child.kill('SIGHUP');
    await expect.poll(async () => (await numbersOf(server.url)).webserv_config_generation, patience).toBe(2);
    const { webserv_requests_total: reloaded } = await numbersOf(server.url);
    expect(reloaded.find(({ route }) => route.endsWith('location /x'))?.value).toBe(asked);
  } finally {
    await server.stop();
  }
});

it('--trace writes every step of every request to the log, without a directive in the configuration', async () => {
  const folder = await folderWith({ 'webserv.conf': CONF });
  const server = await serving(['--trace', join(folder, 'webserv.conf')]);
  try {
    await (await fetch(new URL('/x?y', server.url))).text();
    const log = (): Promise<string> => readFile(join(folder, 'error.log'), 'utf8');
    await expect.poll(log, patience).toMatch(/trace 1: GET \/x\?y by location \/x at .*: 200, 2 bytes/);
    // Lines of a log file are written one by one: a line may be visible before the next.
    await expect
      .poll(log, patience)
      .toMatch(/trace 1: +\+\d+\.\d\d ms {2}onRoute rewrite {2}redirect: responded 200/);
  } finally {
    await server.stop();
  }
});

const CARELESS = `
import { definePlugin } from '@webserv/server';
export default definePlugin({
  name: 'careless',
  apply: ({ hooks }) =>
    hooks.onRoute.tap({ stage: 0 }, (exchange) => {
      setTimeout(() => exchange.setVariable('late', 'x'), 50);
      return undefined;
    }),
});
`;

it('an error outside of any request is logged with the plugin that threw it, and the server continues to serve', async () => {
  const folder = await folderWith({ 'webserv.conf': `load_plugin ./careless.mjs;\n${CONF}` });
  await writeFile(join(folder, 'careless.mjs'), CARELESS);
  const server = await serving([join(folder, 'webserv.conf')]);
  try {
    expect(await (await fetch(new URL('/x', server.url))).text()).toBe('ok');
    await expect
      .poll(() => readFile(join(folder, 'error.log'), 'utf8'), patience)
      .toMatch(
        /plugin "careless", outside of any request: Error: the exchange of GET \/x \(location \/x at .*\) is used after its end/,
      );
    expect(await (await fetch(new URL('/x', server.url))).text()).toBe('ok');
  } finally {
    await server.stop();
  }
});

const RECKLESS = `
import { definePlugin } from '@webserv/server';
const hidden = Object.defineProperty(new Error(), 'stack', { get() { throw new Error('no stack'); } });
const thrown = [null, undefined, 'a text', Object.create(null), hidden];
export default definePlugin({
  name: 'reckless',
  apply: ({ hooks }) =>
    hooks.onRoute.tap({ stage: 0 }, () => {
      for (const one of thrown) setTimeout(() => { throw one; }, 1);
      return { status: 200, body: String(process.pid) };
    }),
});
`;

it('a timer may throw a value that is not an Error: the worker continues to serve', async () => {
  const folder = await folderWith({
    'webserv.conf': `load_plugin ./reckless.mjs;\n${CONF.replace('workers 2', 'workers 1')}`,
  });
  await writeFile(join(folder, 'reckless.mjs'), RECKLESS);
  const server = await serving([join(folder, 'webserv.conf')]);
  try {
    const ask = async (): Promise<string> => (await fetch(new URL('/x', server.url))).text();
    const worker = await ask();
    const log = (): Promise<string> => readFile(join(folder, 'error.log'), 'utf8');
    await expect.poll(log, patience).toMatch(/: null\n[\s\S]*: undefined\n[\s\S]*: a text\n/);
    await expect.poll(log, patience).toMatch(/(?:something that cannot be shown\n[\s\S]*){2}/);
    expect(await ask()).toBe(worker);
  } finally {
    await server.stop();
  }
});
