import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { definePlugin, flag, type Plugin, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';

/** Hears every change, by the name that the plugin was given. */
function hearing(heard: string[], name = 'hearer'): Plugin {
  return definePlugin({
    name,
    setup: ({ hooks }) => hooks.onChanged.tap({}, (path) => heard.push(path)),
  });
}

const raiser = definePlugin({
  name: 'raiser',
  directives: { raise: flag({ default: false, help: 'tests' }) },
  apply({ options, hooks, changed }) {
    if (!options.raise) return;
    hooks.onRoute.tap({ stage: Stage.handler }, ({ request }) => {
      changed(request.query);
      return { status: 200 };
    });
  },
});

describe('changed', () => {
  it('is heard by every plugin, and a tap that throws is logged', async () => {
    const heard: string[] = [];
    const broken = definePlugin({
      name: 'broken',
      setup: ({ hooks }) =>
        hooks.onChanged.tap({}, () => {
          throw new Error('on purpose');
        }),
    });
    const plugins = [broken, hearing(heard), raiser];
    await using server = await startTestServer('raise on;', {}, { plugins });
    expect((await server.fetch('/?/srv/a')).status).toBe(200);
    expect(heard).toEqual(['/srv/a']);
    expect(server.log.join('\n')).toMatch(/\/srv\/a was changed: .*plugin "broken", onChanged.*on purpose/);
  });

  it('takes absolute paths only', async () => {
    const heard: string[] = [];
    await using server = await startTestServer('raise on;', {}, { plugins: [hearing(heard), raiser] });
    expect((await server.fetch('/?srv/a')).status).toBe(500);
    expect(heard).toEqual([]);
    expect(server.log.join('\n')).toContain('changed() takes an absolute path, got "srv/a"');
  });

  it('is raised by uploads for each file, and not by a request that is refused', async () => {
    const heard: string[] = [];
    await using server = await startTestServer(
      'root www; upload on; upload_delete on;',
      { 'www/': null },
      { plugins: [hearing(heard)] },
    );
    const file = join(server.directory, 'www/a.txt');
    await server.fetch('/a.txt', { method: 'PUT', body: 'one' });
    expect(heard).toEqual([file]);
    expect((await server.fetch('/none', { method: 'DELETE' })).status).toBe(404);
    expect((await server.fetch('/a.txt', { method: 'PATCH', body: 'x' })).status).toBe(405);
    expect(heard).toEqual([file]);
    await server.fetch('/a.txt', { method: 'DELETE' });
    expect(heard).toEqual([file, file]);
    const form = new FormData();
    form.set('one', new File(['1'], 'b.txt'));
    form.set('two', new File(['2'], 'c.txt'));
    expect((await server.fetch('/', { method: 'POST', body: form })).status).toBe(201);
    expect(heard.slice(2)).toEqual(['b.txt', 'c.txt'].map((name) => join(server.directory, 'www', name)));
  });

  it('is raised by a script that is run with an unsafe method, for its root', async () => {
    const heard: string[] = [];
    await using server = await startTestServer(
      'root www; cgi .sh /bin/sh;',
      { 'www/a.sh': 'printf "Content-Type: text/plain\\n\\nok"\n' },
      { plugins: [hearing(heard)] },
    );
    await (await server.fetch('/a.sh')).text();
    expect(heard).toEqual([]);
    await (await server.fetch('/a.sh', { method: 'POST', body: 'x' })).text();
    await expect.poll(() => heard).toContain(join(server.directory, 'www'));
  });
});

describe('a change is seen by the next request', () => {
  /** Asks often enough for a listing, or a missing file, to be remembered. */
  async function often(server: TestServer, path: string, init: RequestInit = {}): Promise<string> {
    let text = '';
    for (let count = 0; count < 25; count += 1) text = await (await server.fetch(path, init)).text();
    return text;
  }
  const change = (server: TestServer): Promise<unknown> => server.fetch(`/raise?${server.directory}`);

  it('for a listing', async () => {
    const conf = 'root www; autoindex on; location = /raise { raise on; }';
    await using server = await startTestServer(conf, { 'www/a.txt': '' }, { plugins: [raiser] });
    expect(await often(server, '/')).not.toContain('b.txt');
    await writeFile(join(server.directory, 'www/b.txt'), '');
    // Otherwise the test proves nothing. One request: the listing is remembered for a second only.
    expect(await (await server.fetch('/')).text()).not.toContain('b.txt');
    await change(server);
    expect(await (await server.fetch('/')).text()).toContain('b.txt');
  });

  it('for a file that was not there', async () => {
    const conf = 'root www; location = /raise { raise on; }';
    await using server = await startTestServer(conf, { 'www/': null }, { plugins: [raiser] });
    await often(server, '/b.txt');
    await writeFile(join(server.directory, 'www/b.txt'), 'there');
    expect(await (await server.fetch('/b.txt')).text()).not.toBe('there');
    await change(server);
    expect(await (await server.fetch('/b.txt')).text()).toBe('there');
  });

  it('for a compressed file beside another', async () => {
    const conf = 'root www; compress_static on; location = /raise { raise on; }';
    const files = { 'www/a.css': 'a { color: red }'.repeat(100), 'www/later': 'compressed, so to speak' };
    await using server = await startTestServer(conf, files, { plugins: [raiser] });
    const encoding = async (): Promise<string | undefined> =>
      /^Content-Encoding: (\w+)/m.exec(
        await server.raw('GET /a.css HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n'),
      )?.[1];
    // Files that changed a moment ago are not kept.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await often(server, '/a.css', { headers: { 'accept-encoding': 'gzip' } });
    await rename(join(server.directory, 'www/later'), join(server.directory, 'www/a.css.gz'));
    expect(await encoding()).toBeUndefined();
    await change(server);
    expect(await encoding()).toBe('gzip');
  });
});
