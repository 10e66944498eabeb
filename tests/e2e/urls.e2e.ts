import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from './chromium.js';

/**
 * URLs with every byte, raw and percent-encoded, in the path and in the query, get the same status from this server as
 * from nginx. The requests of the clients are not assumed: a socket records each request line.
 */

const run = promisify(execFile);
const every = Array.from({ length: 256 }, (_, byte) => byte);
const hex = (byte: number) => `%${byte.toString(16).padStart(2, '0')}`;

/** URLs as a person or a program writes them: browsers and fetch encode a character beyond ASCII as UTF-8. */
const written = every.flatMap((byte) => {
  const character = String.fromCharCode(byte);
  return [`/a${character}b`, `/a${hex(byte)}b`, `/q?t=a${character}b`, `/q?t=a${hex(byte)}b`];
});
const forms = [
  '/?t=a%0D%0Ab',
  '/?p=C:\\x',
  '/C:\\x',
  '/?q={"a":[1]}',
  "/it's",
  '/a|b',
  '/[x]',
  '/%zz',
  '/%',
  '/a%2',
  '/?%',
  '/%u0041',
];

let recorder: ReturnType<typeof createServer>;
let port = 0;
const lines = new Set<string>();
const sockets = new Set<Socket>();
let folder = '';
let nginx: ReturnType<typeof spawn>;
const nginxPort = 18_781;
let server: TestServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  recorder = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const line of bytes.toString('latin1').matchAll(/(?:^|\r\n\r\n)GET (.*) HTTP\/1\.1\r\n/g))
        lines.add(line[1] ?? '');
      socket.end('HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n');
    });
  });
  recorder.listen(0, '127.0.0.1');
  await once(recorder, 'listening');
  const address = recorder.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;

  folder = await mkdtemp(join(tmpdir(), 'webserv-urls-'));
  await chmod(folder, 0o755); // nginx's worker is another user
  await mkdir(join(folder, 'www'));
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
     http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
       uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
       server { listen 127.0.0.1:${nginxPort}; root ${folder}/www; } }`,
  );
  await writeFile(join(folder, 'www/q'), 'q');
  await writeFile(join(folder, 'www/index.html'), 'index');
  nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  server = await startTestServer('root www;', { 'www/q': 'q', 'www/index.html': 'index' });
  browser = await openBrowser();
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`).catch(() => undefined);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
  nginx?.kill();
  for (const socket of sockets) socket.destroy();
  recorder?.close();
  await rm(folder, { recursive: true, force: true });
});

async function statusOf(at: number, target: string): Promise<number> {
  const socket = connect(at, '127.0.0.1');
  socket.write(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, 'latin1'));
  let text = '';
  for await (const piece of socket) text += piece;
  return Number(text.slice(9, 12));
}

/**
 * Requests every URL with one client.
 * @returns the request targets it sent
 */
async function sent(ask: (url: string) => Promise<unknown>): Promise<readonly string[]> {
  lines.clear();
  for (const path of [...written, ...forms]) await ask(`http://127.0.0.1:${port}${path}`);
  return [...lines];
}

/** Differences listed in docs/from-nginx.md: `encoded-slash`, `encoded-nul`. */
function isMeant(target: string, theirs: number, ours: number): boolean {
  return target.includes('%00') && theirs === 400 && ours === 404;
}

async function compare(targets: readonly string[]): Promise<void> {
  expect(targets.length).toBeGreaterThan(700);
  const differences: unknown[] = [];
  for (const target of targets) {
    const [theirs, ours] = await Promise.all([statusOf(nginxPort, target), statusOf(server.port, target)]);
    if (theirs !== ours && !isMeant(target, theirs, ours)) differences.push([target, theirs, ours]);
  }
  expect(differences).toEqual([]);
}

describe('each URL that a client sends gets the same status as from nginx', () => {
  it('by Chromium', async () => {
    const targets = await sent((url) =>
      page.evaluate(
        (address) =>
          fetch(address, { mode: 'no-cors' }).then(
            () => undefined,
            () => undefined,
          ),
        url,
      ),
    );
    await compare(targets);
  }, 300_000);

  it("by Node's fetch", async () => {
    await compare(await sent((url) => fetch(url).catch(() => undefined)));
  }, 300_000);

  it('by curl', async () => {
    // An argument cannot contain a NUL; characters beyond ASCII are sent as their UTF-8.
    const curl = async (url: string): Promise<unknown> =>
      url.includes('\0') ? undefined : run('curl', ['-s', '-g', '--path-as-is', '-m', '5', url]);
    await compare(await sent((url) => curl(url).catch(() => undefined)));
  }, 300_000);
});
