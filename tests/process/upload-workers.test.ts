import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { folderWith, type Serving, serving } from '../cli/webserv.js';

vi.setConfig({ testTimeout: 90_000 });

const CONF = `workers 2;
server { listen 127.0.0.1:0; root store; upload on; upload_delete on; upload_sync off; }
`;

interface Answer {
  readonly status: number;
  readonly etag: string;
}

/** Uses a new connection, so that both workers get requests. */
function ask(server: Serving, method: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${server.url}/counter`,
      { method, headers: { ...headers, 'content-length': String(body.length) }, agent: false },
      (answer) => {
        answer.resume();
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, etag: String(answer.headers.etag) }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

it('of many concurrent conditional PUTs to several workers, one replaces each version of a file', async () => {
  const cwd = await folderWith({ 'webserv.conf': CONF, 'store/other': '' });
  const server = await serving(['webserv.conf'], { cwd });
  let { etag } = await ask(server, 'PUT', { 'if-none-match': '*' }, '0');
  const seen = new Set([etag]);
  for (let version = 1; version <= 20; version += 1) {
    const before = { 'if-match': etag };
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => ask(server, 'PUT', before, String((version + index) % 10))),
    );
    const winners = answers.filter(({ status }) => status === 204);
    expect([version, answers.map(({ status }) => status).sort()]).toEqual([
      version,
      [204, ...Array(15).fill(412)],
    ]);
    etag = winners[0]?.etag ?? '';
    expect(seen.has(etag)).toBe(false);
    seen.add(etag);
    expect((await ask(server, 'HEAD', {})).etag).toBe(etag);
  }
  const created = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      ask(server, index === 0 ? 'DELETE' : 'PUT', { 'if-match': etag }, 'x'),
    ),
  );
  expect(created.filter(({ status }) => status === 204)).toHaveLength(1);
  await server.stop();
  expect((await readdir(join(cwd, 'store'))).filter((name) => name.startsWith('.'))).toEqual([]);
});

it('of many concurrent PUTs with If-None-Match: *, one creates the file', async () => {
  const cwd = await folderWith({ 'webserv.conf': CONF, 'store/other': '' });
  const server = await serving(['webserv.conf'], { cwd });
  const bodies = Array.from({ length: 16 }, (_, index) => String(index % 10));
  const answers = await Promise.all(bodies.map((body) => ask(server, 'PUT', { 'if-none-match': '*' }, body)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(15).fill(412)]);
  const winner = answers.findIndex(({ status }) => status === 201);
  expect(await readFile(join(cwd, 'store/counter'), 'utf8')).toBe(bodies[winner]);
});
