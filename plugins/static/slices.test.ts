import { open, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Plugin, type Response } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';

const LARGE = 3 * 1024 * 1024;
const START = 1_000_000;
const LENGTH = 64 * 1024;

/** Records whether each response's content came from a file or from memory. */
function noting(answers: Response[]): Plugin {
  return definePlugin({
    name: 'noting',
    apply({ hooks }) {
      hooks.onResponse.tap({}, (response) => {
        answers.push(response);
        return response;
      });
    },
  });
}

const fromMemory = ({ body }: Response): boolean => body instanceof Uint8Array;

interface Site extends AsyncDisposable {
  readonly server: TestServer;
  readonly file: string;
  readonly answers: Response[];
}

/** Files are held open only when they have not changed for a second. */
async function site(conf = 'root www;'): Promise<Site> {
  const answers: Response[] = [];
  const files = { 'www/large.bin': Buffer.alloc(LARGE, 'a') };
  const server = await startTestServer(conf, files, { plugins: [noting(answers)] });
  await sleep(1100);
  const file = join(server.directory, 'www/large.bin');
  return { server, file, answers, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function ask({ server }: Site, length = LENGTH): Promise<Buffer> {
  const range = `bytes=${START}-${START + length - 1}`;
  const response = await server.fetch('/large.bin', { headers: { range } });
  expect([response.status, response.headers.get('content-range')]).toEqual([
    206,
    `bytes ${START}-${START + length - 1}/${LARGE}`,
  ]);
  return Buffer.from(await response.arrayBuffer());
}

async function askOften(asked: Site, length = LENGTH): Promise<void> {
  for (let count = 0; count < 20; count += 1) await ask(asked, length);
}

// These tests mostly wait.
describe.concurrent('a part of a large file', () => {
  it('that many ask for comes from memory, as the same frozen answer with the same bytes', async ({
    expect,
  }) => {
    await using asked = await site();
    await askOften(asked);
    const kept = asked.answers.filter(fromMemory);
    expect(kept.length).toBeGreaterThan(1);
    expect(new Set(kept).size).toBe(1);
    expect(Object.isFrozen(kept[0])).toBe(true);
    expect(asked.answers.slice(0, 8).some(fromMemory)).toBe(false);
    expect((await ask(asked)).equals(Buffer.alloc(LENGTH, 'a'))).toBe(true);
  });

  it('is read from the file where it is long, or the cache is off', async ({ expect }) => {
    await using long = await site();
    await askOften(long, 200 * 1024);
    expect(long.answers.some(fromMemory)).toBe(false);
    await using off = await site('file_cache off;\nserver { listen 127.0.0.1:0; root www; }');
    await askOften(off);
    expect(off.answers.some(fromMemory)).toBe(false);
  });

  it('is another one in another range, and for another version', async ({ expect }) => {
    await using asked = await site();
    await askOften(asked);
    expect(await ask(asked, 5)).toHaveLength(5);
    await writeFile(`${asked.file}.new`, Buffer.alloc(LARGE, 'b'));
    await rename(`${asked.file}.new`, asked.file);
    await sleep(1100);
    expect((await ask(asked)).equals(Buffer.alloc(LENGTH, 'b'))).toBe(true);
  });

  it('that was written over in its place is served changed within a second', async ({ expect }) => {
    await using asked = await site();
    await askOften(asked);
    const file = await open(asked.file, 'r+');
    await file.write(Buffer.alloc(LENGTH, 'c'), 0, LENGTH, START);
    await file.close();
    await sleep(1100);
    expect((await ask(asked)).equals(Buffer.alloc(LENGTH, 'c'))).toBe(true);
  });

  it('is read anew after this server changed something', async ({ expect }) => {
    await using asked = await site('root www; upload on; client_max_body_size 10m;');
    await askOften(asked);
    const put = await asked.server.fetch('/large.bin', { method: 'PUT', body: Buffer.alloc(LARGE, 'd') });
    expect(put.status).toBe(204);
    expect((await ask(asked)).equals(Buffer.alloc(LENGTH, 'd'))).toBe(true);
  });

  it('that is gone with the end of its file is not answered from memory for longer than a second', async ({
    expect,
  }) => {
    await using asked = await site();
    await askOften(asked);
    await truncate(asked.file, START);
    await sleep(1100);
    const response = await asked.server.fetch('/large.bin', { headers: { range: `bytes=${START}-` } });
    expect(response.status).toBe(416);
  });
});
