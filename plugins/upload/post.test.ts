import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestServer, type TestFiles, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const CONF = 'location /files { root store; upload on; upload_max_files 3; client_max_body_size 10m; }';

const start = (files: TestFiles = {}, conf = CONF): Promise<TestServer> =>
  startTestServer(conf, { 'store/': null, ...files });

const stored = async (server: TestServer): Promise<string[]> =>
  (await readdir(join(server.directory, 'store'), { recursive: true })).sort();
const content = (server: TestServer, name: string): Promise<string> =>
  readFile(join(server.directory, 'store', name), 'utf8');

type Entry = readonly [field: string, value: string | File];

function post(
  server: TestServer,
  entries: readonly Entry[],
  headers = {},
  path = '/files/',
): Promise<Response> {
  const body = new FormData();
  for (const [field, value] of entries) body.append(field, value);
  return server.fetch(path, { method: 'POST', body, headers });
}

describe('POST of a form', () => {
  test('stores its files and answers 201 with them and with its fields', async () => {
    await using server = await start();
    const answer = await post(server, [
      ['title', 'Grüße'],
      ['file', new File(['hello'], 'a.txt', { type: 'application/x-lie' })],
      ['tag', 'one'],
      ['file', new File(['<p>'], 'ü 1.html')],
      ['tag', 'two'],
    ]);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('vary')).toBe('accept');
    expect(await answer.json()).toEqual({
      files: [
        { field: 'file', name: 'a.txt', size: 5, type: 'text/plain; charset=utf-8', url: '/files/a.txt' },
        {
          field: 'file',
          name: 'ü 1.html',
          size: 3,
          type: 'application/octet-stream', // untrusted uploads must not run as pages of this site
          url: '/files/%C3%BC%201.html',
        },
      ],
      fields: { title: 'Grüße', tag: ['one', 'two'] },
    });
    expect(await stored(server)).toEqual(['a.txt', 'ü 1.html']);
    expect(await content(server, 'a.txt')).toBe('hello');
    expect(await (await server.fetch('/files/%C3%BC%201.html')).text()).toBe('<p>');
  });

  test('has its Location when it is one file', async () => {
    await using server = await start();
    const answer = await post(server, [['file', new File(['x'], 'a b')]]);
    expect(answer.headers.get('location')).toBe('/files/a%20b');
    const two = await post(server, [
      ['file', new File(['x'], 'c')],
      ['file', new File(['x'], 'd')],
    ]);
    expect(two.headers.has('location')).toBe(false);
  });

  test('answers HTML to those who like it better, with every name escaped', async () => {
    await using server = await start();
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const answer = await post(server, [['file', new File(['x'], `<img src=x onerror="alert('&')">.txt`)]], {
      accept,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await answer.text();
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;img src=x onerror=');
    const url = /href="([^"]+)">&lt;img/.exec(page)?.[1] ?? '';
    expect(url).toMatch(/^\/files\/[\w%.-]+$/);
    expect((await server.fetch(url)).status).toBe(200);
  });

  test('goes into the folder it is sent to, and is 404 where there is none', async () => {
    await using server = await start({ 'store/sub/': null, 'store/file': '' });
    const file: Entry = ['f', new File(['x'], 'a')];
    expect((await post(server, [file], {}, '/files')).headers.get('location')).toBe('/files/a');
    expect((await post(server, [file], {}, '/files/sub')).headers.get('location')).toBe('/files/sub/a');
    for (const path of ['/files/no', '/files/no/', '/files/file', '/files/.hidden/']) {
      expect((await post(server, [file], {}, path)).status, path).toBe(404);
    }
    expect(await stored(server)).toEqual(['a', 'file', 'sub', 'sub/a']);
  });

  test('without files is 200: nothing was made', async () => {
    await using server = await start();
    const answer = await post(server, [['a', 'b']]);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ files: [], fields: { a: 'b' } });
  });

  test('takes an empty file, but not the empty part of an input where nothing was chosen', async () => {
    await using server = await start();
    const part = (field: string, name: string): string =>
      `--XX\r\nContent-Disposition: form-data; name="${field}"; filename="${name}"\r\n` +
      'Content-Type: application/octet-stream\r\n\r\n\r\n';
    const answer = await server.fetch('/files/', {
      method: 'POST',
      body: `${part('chosen', 'empty.txt')}${part('unchosen', '')}--XX--\r\n`,
      headers: { 'content-type': 'multipart/form-data; boundary=XX' },
    });
    expect(await answer.json()).toEqual({
      files: [
        {
          field: 'chosen',
          name: 'empty.txt',
          size: 0,
          type: 'text/plain; charset=utf-8',
          url: '/files/empty.txt',
        },
      ],
      fields: {},
    });
    expect(await stored(server)).toEqual(['empty.txt']);
  });

  test('has at most 1,000 fields', async () => {
    await using server = await start();
    const fields = (count: number): Entry[] => Array.from({ length: count }, (): Entry => ['a', 'b']);
    expect((await post(server, fields(1000))).status).toBe(200);
    expect((await post(server, fields(1001))).status).toBe(413);
  });

  test('a field of any name is just a field', async () => {
    await using server = await start();
    const names = ['__proto__', 'constructor', 'toString', '1', 'hasOwnProperty'];
    const answer = await post(
      server,
      [...names, ...names].map((name): Entry => [name, `of ${name}`]),
    );
    const text = await answer.text();
    for (const name of names) {
      expect(text).toContain(`${JSON.stringify(name)}:["of ${name}","of ${name}"]`);
    }
  });

  test('may be of 3 files where upload_max_files is 3; one more is 413 and none is stored', async () => {
    await using server = await start();
    const files = (count: number): Entry[] =>
      Array.from({ length: count }, (_, index): Entry => ['f', new File(['x'], `${count}-${index}`)]);
    expect((await post(server, files(4))).status).toBe(413);
    expect(await stored(server)).toEqual([]);
    expect((await post(server, files(3))).status).toBe(201);
  });

  test('beyond client_max_body_size is 413 and none is stored', async () => {
    await using server = await start();
    const entries: Entry[] = [
      ['f', new File(['x'], 'small')],
      ['f', new File([new Uint8Array(11_000_000)], 'large')],
    ];
    expect((await post(server, entries)).status).toBe(413);
    expect(await stored(server)).toEqual([]);
  });
});

describe('a name that is taken', () => {
  const conf = (policy: string): string => `location /files { root store; upload on; ${policy} }`;
  const both: Entry[] = [
    ['f', new File(['new b'], 'b')],
    ['f', new File(['new a'], 'a')],
  ];

  test('is left alone without upload_conflict: the new file gets another name', async () => {
    await using server = await start({ 'store/a': 'old' }, conf(''));
    const answer = await post(server, both);
    expect(await answer.json()).toMatchObject({ files: [{ name: 'b' }, { name: 'a-1', url: '/files/a-1' }] });
    expect([await content(server, 'a'), await content(server, 'a-1')]).toEqual(['old', 'new a']);
  });

  test('is replaced with upload_conflict replace', async () => {
    await using server = await start({ 'store/a': 'old' }, conf('upload_conflict replace;'));
    expect((await post(server, both)).status).toBe(201);
    expect(await stored(server)).toEqual(['a', 'b']);
    expect(await content(server, 'a')).toBe('new a');
  });

  test('refuses the whole form with upload_conflict refuse', async () => {
    await using server = await start({ 'store/a': 'old' }, conf('upload_conflict refuse;'));
    expect((await post(server, both)).status).toBe(409);
    expect(await stored(server)).toEqual(['a']);
    expect(await content(server, 'a')).toBe('old');
  });

  test('twice in one form: what is stored already is taken back', async () => {
    await using server = await start({}, conf('upload_conflict refuse;'));
    const twice = await post(server, [...both, ['f', new File(['again'], 'b')]]);
    expect(twice.status).toBe(409);
    expect(await stored(server)).toEqual([]);
  });

  test.each(['', 'upload_conflict replace;'])('by a folder: never over it (%s)', async (policy) => {
    await using server = await start({ 'store/a/keep': 'x' }, conf(policy));
    const answer = await post(server, both);
    expect(answer.status).toBe(policy === '' ? 201 : 409);
    expect(await stored(server)).toEqual(policy === '' ? ['a', 'a-1', 'a/keep', 'b'] : ['a', 'a/keep']);
  });

  test('by many at once: each file gets its own', async () => {
    await using server = await start({}, conf(''));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => post(server, [['f', new File([`by ${index}`], 'a.txt')]])),
    );
    const urls = answers.map((answer) => answer.headers.get('location') ?? '');
    expect(new Set(urls).size).toBe(20);
    for (const [index, url] of urls.entries())
      expect(await (await server.fetch(url)).text()).toBe(`by ${index}`);
  });
});

describe('POST of any other content', () => {
  test.each([
    ['image/png', /^\/files\/[\w-]+\.png$/],
    ['text/plain;charset=UTF-8', /^\/files\/[\w-]+\.txt$/],
    ['application/x-www-form-urlencoded', /^\/files\/[\w-]+\.bin$/],
    ['multipart/mixed; boundary=a', /^\/files\/[\w-]+\.bin$/],
  ])('of %s is stored under a new name, told in Location', async (type, url) => {
    await using server = await start();
    const init = { method: 'POST', body: 'a=b', headers: { 'content-type': type } };
    const answer = await server.fetch('/files', init);
    expect(answer.status).toBe(201);
    const location = answer.headers.get('location') ?? '';
    expect(location).toMatch(url);
    expect(await (await server.fetch(location)).text()).toBe('a=b');
    expect(await answer.json()).toMatchObject({ files: [{ url: location, size: 3 }], fields: {} });
    const again = await server.fetch('/files', init);
    expect(again.headers.get('location')).not.toBe(location);
  });

  test('with a content coding is 415', async () => {
    await using server = await start();
    const headers = { 'content-encoding': 'br', 'content-type': 'text/plain' };
    expect((await server.fetch('/files', { method: 'POST', body: 'x', headers })).status).toBe(415);
    expect(await stored(server)).toEqual([]);
  });
});

test('a POST to a script is the script’s, beside uploads on the same route', async () => {
  await using server = await start(
    { 'store/x.cgi': { content: '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nran"\n', mode: 0o755 } },
    'root store; upload on; upload_scripts on; cgi .cgi;',
  );
  expect(await (await server.fetch('/x.cgi', { method: 'POST', body: 'x' })).text()).toBe('ran');
  expect((await server.fetch('/', { method: 'POST', body: 'x' })).status).toBe(201);
});
