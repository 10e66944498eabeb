import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf } from '../process/running.js';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const USER = 'nobody';
const LISTENERS = 20;
const RELOADS = 8;
const CLIENTS = 6;

const PLUGIN = `import { definePlugin, Stage, flag } from '@webserv/server';
const early = [];
const look = (step) => early.push(step + ':' + process.geteuid());
export default definePlugin({
  name: 'who',
  directives: { who: flag({ default: false, help: 'answers with the ids', example: 'who on;' }) },
  setup: () => ({ serve: () => look('serve') }),
  apply({ options, hooks }) {
    if (!options.who) return;
    hooks.onRoute.tap({ stage: Stage.handler }, () => ({
      status: 200, body: [process.getuid(), process.geteuid(), early.join()].join(' '),
    }));
  },
});
`;

/** A site whose responses show with which rights they were created. */
async function site(user: string): Promise<{ file: string; ports: readonly number[] }> {
  const ports: number[] = [];
  while (ports.length < LISTENERS) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  const folder = await folderWith({
    'who.mjs': PLUGIN,
    'www/id.cgi': '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"; id -u\n',
    'www/secret/inside.txt': 'only root may read this',
    'webserv.conf': `${user}\nworkers 2;\nload_plugin ./who.mjs;\nserver {\n${ports
      .map((port) => `listen 127.0.0.1:${port};`)
      .join('\n')}\nlisten unix:web.sock;\nroot www; cgi .cgi; autoindex on; location = /who { who on; } }\n`,
  });
  await chmod(folder, 0o755);
  await chmod(join(folder, 'www/id.cgi'), 0o755);
  await chmod(join(folder, 'www/secret'), 0o700);
  return { file: join(folder, 'webserv.conf'), ports };
}

interface Answered {
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

/**
 * Sends a request on a new connection.
 * @returns undefined without a response
 */
function ask(port: number, path: string): Promise<Answered | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve({ path, status: response.statusCode ?? 0, body: body.trim() }));
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

async function reloaded(server: Serving): Promise<void> {
  const pid = server.child.pid ?? 0;
  const before = await childrenOf(pid);
  server.child.kill('SIGHUP');
  await expect
    .poll(async () => (await childrenOf(pid)).filter((each) => !before.includes(each)).length, {
      timeout: 90_000,
    })
    .toBeGreaterThanOrEqual(2);
}

// Eight generations of twenty addresses take long on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

describe.runIf(isRoot)(`a server started by root, with user ${USER} and ${LISTENERS} addresses`, () => {
  it(`gives no response with root’s rights, in ${RELOADS} reloads under load`, async () => {
    const { file, ports } = await site(`user ${USER};`);
    const server = await serving([file]);
    let over = false;
    const answers: Answered[] = [];
    const paths = ['/id.cgi', '/who', '/secret/', '/secret/inside.txt'];
    const client = async (from: number): Promise<void> => {
      for (let at = from; !over; at += 1) {
        const answer = await ask(ports[at % ports.length] ?? 0, paths[at % paths.length] ?? '/');
        if (answer !== undefined) answers.push(answer);
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, at) => client(at));
    for (let round = 0; round < RELOADS; round += 1) await reloaded(server);
    over = true;
    await Promise.all(clients);
    const of = (path: string): readonly Answered[] => answers.filter((one) => one.path === path);
    const nobody = (await run('id', ['-u', USER])).stdout.trim();
    expect(of('/id.cgi').length).toBeGreaterThan(50);
    expect(new Set(of('/id.cgi').map(({ body }) => body))).toEqual(new Set([nobody]));
    expect(new Set(of('/who').map(({ body }) => body))).toEqual(
      new Set([`${nobody} ${nobody} serve:${nobody}`]),
    );
    for (const path of ['/secret/', '/secret/inside.txt']) {
      expect(new Set(of(path).map(({ status }) => status))).toEqual(new Set([403]));
      expect(of(path).some(({ body }) => body.includes('inside') || body.includes('only root'))).toBe(false);
    }
  });
});
