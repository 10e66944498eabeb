import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, serving } from '../cli/webserv.js';
import { childrenOf, masterOf, responseOf } from './running.js';

interface Numbers {
  readonly webserv_requests_total: readonly { readonly route: string; readonly value: number }[];
  readonly webserv_workers: number;
  readonly webserv_worker_restarts_total: number;
  readonly webserv_config_generation: number;
}

const at = (url: string, path: string): Promise<string> => responseOf({ url: url + path });

const numbersOf = async (url: string): Promise<Numbers> => JSON.parse(await at(url, '/status'));

it('shows the metrics of all workers together, and those of the master', async () => {
  const folder = await folderWith({
    'webserv.conf': `workers 2; error_log error.log;
      server { listen 127.0.0.1:0; location /x { return 200 ok; } location = /status { status json; } }`,
  });
  const server = await serving([join(folder, 'webserv.conf')]);
  const requests = 30;
  for (let count = 0; count < requests; count += 1) await at(server.url, '/x');
  const counted = async (): Promise<number | undefined> =>
    (await numbersOf(server.url)).webserv_requests_total.find(({ route }) => route.endsWith('location /x'))
      ?.value;
  await expect.poll(counted).toBe(requests);
  expect(await numbersOf(server.url)).toMatchObject({
    webserv_workers: 2,
    webserv_worker_restarts_total: 0,
    webserv_config_generation: 1,
  });
  await expect.poll(() => childrenOf(masterOf(server))).toHaveLength(2);
  const [victim = 0] = await childrenOf(masterOf(server));
  process.kill(victim, 'SIGKILL');
  await expect
    .poll(async () => {
      const { webserv_workers: workers, webserv_worker_restarts_total: restarts } = await numbersOf(
        server.url,
      );
      return [workers, restarts];
    })
    .toEqual([2, 1]);
  // Counts of the ended worker are kept: to a scraper, a counter that falls has been reset.
  expect(await counted()).toBe(requests);
  server.child.kill('SIGHUP');
  await expect.poll(async () => (await numbersOf(server.url)).webserv_config_generation).toBe(2);
  expect(await counted()).toBe(requests);
});

const CARELESS = `
import { definePlugin, flag } from '@webserv/server';
export default definePlugin({
  name: 'careless',
  directives: { careless: flag({ default: false, help: 'uses an exchange too late', example: 'careless on;' }) },
  apply({ options, hooks }) {
    if (!options.careless) return;
    hooks.onRoute.tap({ stage: 0 }, (exchange) => {
      setTimeout(() => exchange.setVariable('late', 'x'), 50);
      return undefined;
    });
  },
});
`;

const RECKLESS = `
import { definePlugin, flag } from '@webserv/server';
const hidden = Object.defineProperty(new Error(), 'stack', { get() { throw new Error('no stack'); } });
const thrown = [null, undefined, 'a text', Object.create(null), hidden];
export default definePlugin({
  name: 'reckless',
  directives: { reckless: flag({ default: false, help: 'throws values', example: 'reckless on;' }) },
  apply({ options, hooks }) {
    if (!options.reckless) return;
    hooks.onRoute.tap({ stage: 0 }, () => {
      for (const one of thrown) setTimeout(() => { throw one; }, 1);
      return { status: 200, body: String(process.pid) };
    });
  },
});
`;

describe('a server with --trace and plugins that throw outside of requests', () => {
  const site = shared(async () => {
    const folder = await folderWith({
      'webserv.conf': `load_plugin ./careless.mjs; load_plugin ./reckless.mjs; error_log error.log;
        server {
          listen 127.0.0.1:0;
          location /x { return 200 ok; }
          location /careless { careless on; return 200 ok; }
          location /reckless { reckless on; }
        }`,
      'careless.mjs': CARELESS,
      'reckless.mjs': RECKLESS,
    });
    const { url } = await serving(['--trace', join(folder, 'webserv.conf')]);
    return { url, log: () => readFile(join(folder, 'error.log'), 'utf8') };
  });

  it('writes every step of every request to the log, without a directive in the configuration', async () => {
    const { url, log } = site();
    await at(url, '/x?y');
    await expect.poll(log).toMatch(/trace 1: GET \/x\?y by location \/x at .*: 200, 2 bytes/);
    // Lines of a log file are written one by one: a line may be visible before the next.
    await expect.poll(log).toMatch(/trace 1: +\+\d+\.\d\d ms {2}onRoute rewrite {2}redirect: responded 200/);
  });

  it('logs such an error with the plugin that threw it, and continues to serve', async () => {
    const { url, log } = site();
    expect(await at(url, '/careless')).toBe('ok');
    await expect
      .poll(log)
      .toMatch(
        /plugin "careless", outside of any request: Error: the exchange of GET \/careless \(location \/careless at .*\) is used after its end/,
      );
    expect(await at(url, '/careless')).toBe('ok');
  });

  it('continues to serve when a timer throws a value that is not an Error', async () => {
    const { url, log } = site();
    const worker = await at(url, '/reckless');
    await expect.poll(log).toMatch(/: null\n[\s\S]*: undefined\n[\s\S]*: a text\n/);
    await expect.poll(log).toMatch(/(?:something that cannot be shown\n[\s\S]*){2}/);
    expect(await at(url, '/reckless')).toBe(worker);
  });
});
