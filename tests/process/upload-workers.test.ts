import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { folderWith, type Serving, serving } from '../cli/webserv.js';
import './running.js';

const CONF = `workers 2;
server { listen 127.0.0.1:0; root store; upload on; upload_delete on; upload_sync off; }
`;

interface Received {
  readonly status: number;
  readonly etag: string;
}

/** Uses a new connection, so that both workers get requests. */
function ask(server: Serving, method: string, headers: Record<string, string>, body = ''): Promise<Received> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${server.url}/counter`,
      { method, headers: { ...headers, 'content-length': String(body.length) }, agent: false },
      (response) => {
        response.resume();
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, etag: String(response.headers.etag) }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

describe('of many concurrent requests to several workers, one', () => {
  const site = shared(async () => {
    const cwd = await folderWith({ 'webserv.conf': CONF, 'store/other': '' });
    return { store: join(cwd, 'store'), server: await serving(['webserv.conf'], { cwd }) };
  });
  let etag = '';

  it('PUT with If-None-Match: * creates the file', async () => {
    const { store, server } = site();
    const bodies = Array.from({ length: 16 }, (_, index) => String(index % 10));
    const responses = await Promise.all(
      bodies.map((body) => ask(server, 'PUT', { 'if-none-match': '*' }, body)),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([201, ...Array(15).fill(412)]);
    const winner = responses.findIndex(({ status }) => status === 201);
    expect(await readFile(join(store, 'counter'), 'utf8')).toBe(bodies[winner]);
    etag = responses[winner]?.etag ?? '';
  });

  it('conditional PUT replaces each version of a file', async () => {
    const { server } = site();
    const seen = new Set([etag]);
    for (let version = 1; version <= 10; version += 1) {
      const before = { 'if-match': etag };
      const responses = await Promise.all(
        Array.from({ length: 16 }, (_, index) => ask(server, 'PUT', before, String((version + index) % 10))),
      );
      const winners = responses.filter(({ status }) => status === 204);
      expect([version, responses.map(({ status }) => status).sort()]).toEqual([
        version,
        [204, ...Array(15).fill(412)],
      ]);
      etag = winners[0]?.etag ?? '';
      expect(seen.has(etag)).toBe(false);
      seen.add(etag);
      expect((await ask(server, 'HEAD', {})).etag).toBe(etag);
    }
  });

  it('conditional PUT or DELETE is done, and no temporary file is left', async () => {
    const { store, server } = site();
    const responses = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        ask(server, index === 0 ? 'DELETE' : 'PUT', { 'if-match': etag }, 'x'),
      ),
    );
    expect(responses.filter(({ status }) => status === 204)).toHaveLength(1);
    await server.stop();
    expect((await readdir(store)).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
