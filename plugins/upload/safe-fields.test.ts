import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const CONTENT = '<script>alert(1)</script>';

async function served(server: TestServer, path: string): Promise<readonly (string | null)[]> {
  const { headers } = await server.fetch(path);
  return ['content-type', 'content-disposition', 'x-content-type-options', 'content-security-policy'].map(
    (name) => headers.get(name),
  );
}

const download = ['application/octet-stream', 'attachment', 'nosniff', 'sandbox'];
const shown = (type: string): readonly (string | null)[] => [type, null, 'nosniff', 'sandbox'];
const asIt = (type: string): readonly (string | null)[] => [type, null, null, null];

async function put(server: TestServer, path: string): Promise<void> {
  const { status } = await server.fetch(path, { method: 'PUT', body: CONTENT });
  expect([path, status]).toEqual([path, 201]);
}

describe('a file that was uploaded is sent so that it cannot run as a page of the site', () => {
  test.each([
    'html htm xhtml xht shtml mht mhtml hta',
    'svg svgz xml xsl xslt rng rdf atom rss mathml mml',
    'js mjs cjs css swf pdf wasm jar php',
    'unknown HTML Html.html x.svg',
  ])('as a download: %s', async (extensions) => {
    await using server = await startTestServer('root store; upload on; upload_trusted off;', {
      'store/': null,
    });
    for (const extension of [...extensions.split(' ')]) {
      await put(server, `/a.${extension}`);
      expect([extension, await served(server, `/a.${extension}`)]).toEqual([extension, download]);
    }
    await put(server, '/README');
    expect(await served(server, '/README')).toEqual(download);
  });

  test.each([
    ['txt', 'text/plain; charset=utf-8'],
    ['png', 'image/png'],
    ['jpeg', 'image/jpeg'],
    ['gif', 'image/gif'],
    ['webp', 'image/webp'],
    ['mp4', 'video/mp4'],
    ['mp3', 'audio/mpeg'],
  ])('shown, without guessing its type: .%s', async (extension, type) => {
    await using server = await startTestServer('root store; upload on;', { 'store/': null });
    await put(server, `/a.${extension}`);
    expect(await served(server, `/a.${extension}`)).toEqual(shown(type));
  });

  test('kept in memory or not, whole, in part, HEAD, not modified, compressed', async () => {
    await using server = await startTestServer('root store; upload on; compress on; compress_static on;', {
      'store/a.html': CONTENT.repeat(1000),
      'store/index.html': CONTENT,
    });
    for (const headers of [
      {},
      { range: 'bytes=0-1' },
      { range: 'bytes=0-1,4-5' },
      { 'accept-encoding': 'br' },
    ]) {
      const answer = await server.fetch('/a.html', { headers });
      expect(answer.headers.get('content-security-policy')).toBe('sandbox');
      expect(await answer.text()).not.toContain('text/html');
    }
    for (const path of ['/', '/index.html', '/a.html']) {
      const head = await server.fetch(path, { method: 'HEAD' });
      expect(head.headers.get('content-type')).toBe('application/octet-stream');
      const etag = head.headers.get('etag') ?? '';
      const again = await server.fetch(path, { headers: { 'if-none-match': etag } });
      expect([again.status, again.headers.get('content-security-policy')]).toEqual([304, 'sandbox']);
    }
  });

  test('from every route that serves the store, and nothing else', async () => {
    const conf = `
      server { listen 127.0.0.1:0; root www;
        location /up { upload on; upload_store www/store; }
        location /same { root www/store; }
        location /around { root www; }
        location /below { root www/store/sub; }
        location /linked { root link; }
        location /trusted { root www/store; upload_trusted on; } }`;
    await using server = await startTestServer(conf, {
      'www/store/sub/a.html': CONTENT,
      'www/store.html': CONTENT,
      'www/index.html': CONTENT,
    });
    await mkdir(join(server.directory, 'link'), { recursive: true }).catch(() => undefined);
    for (const path of ['/store/sub/a.html', '/same/sub/a.html', '/around/store/sub/a.html', '/below/a.html'])
      expect([path, await served(server, path)]).toEqual([path, download]);
    for (const path of ['/', '/store.html', '/around/store.html', '/trusted/sub/a.html'])
      expect([path, await served(server, path)]).toEqual([path, asIt('text/html; charset=utf-8')]);
  });

  test('also where a root is a link to the store', async () => {
    const conf = 'location /up { upload on; upload_store store; } location /x { root link; }';
    await using files = await startTestServer('return 200;', { 'store/a.html': CONTENT });
    await symlink('store', join(files.directory, 'link'));
    await using server = await startTestServer(
      `location /up { upload on; upload_store ${files.directory}/store; } location /x { root ${files.directory}/link; }`,
    );
    expect(conf).toContain('link');
    expect(await served(server, '/x/a.html')).toEqual(download);
  });
});

test('upload_trusted on sends it as what its name says', async () => {
  await using server = await startTestServer('root store; upload on; upload_trusted on;', { 'store/': null });
  await put(server, '/a.html');
  expect(await served(server, '/a.html')).toEqual(asIt('text/html; charset=utf-8'));
});

test('the answer to an upload names the type that it is sent with', async () => {
  await using server = await startTestServer('root store; upload on;', { 'store/': null });
  const body = new FormData();
  body.append('f', new File([CONTENT], 'a.svg'));
  body.append('f', new File([CONTENT], 'a.png'));
  const answer = await server.fetch('/', { method: 'POST', body });
  expect(await answer.json()).toMatchObject({
    files: [{ type: 'application/octet-stream' }, { type: 'image/png' }],
  });
});

test('pages beside uploads are told of at load', async () => {
  await using server = await startTestServer('root store; upload on;', { 'store/index.html': CONTENT });
  expect(server.warnings.map(({ code }) => code)).toEqual(['upload-pages']);
  await using trusted = await startTestServer('root store; upload on; upload_trusted on;', {
    'store/index.html': CONTENT,
  });
  expect(trusted.warnings).toEqual([]);
});
