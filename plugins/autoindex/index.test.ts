import { execFileSync } from 'node:child_process';
import { linkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';

const json = { accept: 'application/json' };

interface Item {
  readonly name: string;
  readonly type: string;
  readonly size?: number;
  readonly mtime: string;
}

async function itemsOf(answer: Response): Promise<Item[]> {
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json');
  return JSON.parse(await answer.text());
}

const namesOf = async (answer: Response): Promise<string[]> =>
  (await itemsOf(answer)).map(({ name }) => name);

const hrefsOf = (page: string): string[] =>
  [...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href ?? '');

describe('a listing', () => {
  test('has folders first, then files by name with numbers in their order', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', {
      'www/file10.txt': '',
      'www/file9.txt': '',
      'www/B.txt': '',
      'www/a.txt': '',
      'www/zoo/': null,
      'www/bar/': null,
    });
    expect(await namesOf(await server.fetch('/', { headers: json }))).toEqual([
      'bar',
      'zoo',
      'a.txt',
      'B.txt',
      'file9.txt',
      'file10.txt',
    ]);
  });

  test('shows name, size and date (UTC) as a page', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', {
      'www/dir/report.pdf': 'x'.repeat(1536),
      'www/dir/sub/': null,
    });
    const moment = new Date('2024-02-29T23:58:00Z');
    utimesSync(join(server.directory, 'www/dir/report.pdf'), moment, moment);

    const answer = await server.fetch('/dir/');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await answer.text();
    expect(page).toContain('<title>Index of /dir/</title>');
    expect(page).toContain('<a href="./report.pdf"><bdi>report.pdf</bdi></a></td><td>1.5 KiB</td>');
    expect(page).toContain('<time datetime="2024-02-29T23:58:00.000Z">2024-02-29 23:58</time>');
    expect(page).toContain('<a href="./sub/" class="directory">');
    expect(hrefsOf(page)).toEqual(['../', './sub/', './report.pdf']);
  });

  test('links to the parent folder everywhere but at the top', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', {
      'www/dir/': null,
    });
    expect(hrefsOf(await (await server.fetch('/')).text())).toEqual(['./dir/']);
    const page = await (await server.fetch('/dir/')).text();
    expect(hrefsOf(page)).toEqual(['../']);
    expect(page).toContain('This directory is empty.');
  });

  test('as JSON has name, type, size and date', async () => {
    await using server = await startTestServer(
      'location / { root www; autoindex on; autoindex_format json; }',
      {
        'www/a.txt': 'hello',
        'www/sub/': null,
      },
    );
    const moment = new Date('2024-02-29T23:58:00Z');
    utimesSync(join(server.directory, 'www/a.txt'), moment, moment);
    const [folder, file] = await itemsOf(await server.fetch('/'));
    expect(folder).toMatchObject({ name: 'sub', type: 'directory' });
    expect(file).toEqual({
      name: 'a.txt',
      type: 'file',
      size: 5,
      mtime: 'Thu, 29 Feb 2024 23:58:00 GMT',
    });
  });

  test('is what Accept asks for, and says that it depends on it', async () => {
    await using server = await startTestServer(
      `root www; autoindex on;
       location /html { autoindex_format html; }`,
      { 'www/html/a.txt': '' },
    );
    const asked = await server.fetch('/', { headers: json });
    expect(asked.headers.get('vary')).toBe('accept');
    expect(await namesOf(asked)).toEqual(['html']);

    const browser = await server.fetch('/', {
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
    });
    expect(browser.headers.get('vary')).toBe('accept');
    expect(browser.headers.get('content-type')).toBe('text/html; charset=utf-8');

    const fixed = await server.fetch('/html/', { headers: json });
    expect(fixed.headers.get('vary')).toBeNull();
    expect(fixed.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  test('of 1,000 files is complete', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `file${index}.txt`);
    await using server = await startTestServer('location / { root www; autoindex on; }', {
      'www/file0.txt': 'x',
    });
    const path = (name: string): string => join(server.directory, 'www', name);
    // Hard links are ten times as cheap as files.
    for (const name of names.slice(1)) linkSync(path('file0.txt'), path(name));
    expect(await namesOf(await server.fetch('/', { headers: json }))).toEqual(names);
  });
});

describe('which requests are answered', () => {
  test('a folder without listing is 404, and so is what is not a directory', async () => {
    await using server = await startTestServer(
      `root www;
       location /on { autoindex on; }`,
      { 'www/off/a.txt': '', 'www/on/a.txt': '' },
    );
    expect((await server.fetch('/off/')).status).toBe(404);
    expect((await server.fetch('/on/')).status).toBe(200);
    expect((await server.fetch('/on/a.txt/')).status).toBe(404);
    expect((await server.fetch('/on/none/')).status).toBe(404);
  });

  test('an index file comes first', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', {
      'www/index.html': 'the index',
    });
    expect(await (await server.fetch('/')).text()).toBe('the index');
  });

  test('a folder without its slash is sent to the slash', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', {
      'www/dir/': null,
    });
    const answer = await server.fetch('/dir?sort=name');
    expect(answer.status).toBe(301);
    expect(answer.headers.get('location')).toMatch(/\/dir\/\?sort=name$/);
  });

  test('GET and HEAD only', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', { 'www/a.txt': '' });
    const head = await server.fetch('/', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    const post = await server.fetch('/', { method: 'POST', body: 'x' });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')?.split(/, */).sort()).toEqual(expect.arrayContaining(['GET', 'HEAD']));
  });

  test('a location maps its prefix to its root', async () => {
    await using server = await startTestServer('location /kapouet { root www; autoindex on; }', {
      'www/pouic/toto.txt': '',
    });
    expect(await namesOf(await server.fetch('/kapouet/', { headers: json }))).toEqual(['pouic']);
    expect(await namesOf(await server.fetch('/kapouet/pouic/', { headers: json }))).toEqual(['toto.txt']);
  });
});

describe('hostile names', () => {
  const hostile = [
    '<img src=x onerror=alert(1)>',
    '"onmouseover="alert(1)',
    "it's & <b>bold",
    'javascript:alert(1)',
    '100%.txt',
    '%2e%2e%2fescape',
    'a?b#c',
    'naïve 日本 💾.txt',
    ' two  spaces ',
    '\u202Etxt.exe',
    'new\nline',
    'tab\there',
    'back\\slash',
    'delete\x7f',
    'a%0ab',
    '%2F%41%25',
  ];

  test('are shown as text, and their links lead to them', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', {
      'www/dir/': null,
    });
    for (const name of hostile) writeFileSync(join(server.directory, 'www/dir', name), `content of ${name}`);

    const answer = await server.fetch('/dir/');
    const page = await answer.text();
    expect(page).not.toMatch(/<img|<b>|<script/i);
    expect(page).not.toContain('"onmouseover');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");

    const hrefs = hrefsOf(page).filter((href) => href !== '../');
    expect(hrefs).toHaveLength(hostile.length);
    const contents: string[] = [];
    for (const href of hrefs) {
      expect(href).toMatch(/^\.\/[\w\-.~%]+$/);
      const url = new URL(href, `${server.url}/dir/`);
      expect(url.origin).toBe(server.url);
      contents.push(await (await server.fetch(url.pathname)).text());
    }
    expect(contents.sort()).toEqual(hostile.map((name) => `content of ${name}`).sort());
  });

  test('that are not UTF-8 are left out, and so are hidden ones', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', {
      'www/.git/config': '',
      'www/.htpasswd': '',
      'www/seen.txt': '',
    });
    const folder = join(server.directory, 'www');
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/latin-`), Buffer.from([0xe9])]), '');
    expect(await namesOf(await server.fetch('/', { headers: json }))).toEqual(['seen.txt']);
    expect((await server.fetch('/.git/')).status).toBe(404);
  });

  test('a hidden folder is 404, also where no files are served', async () => {
    await using server = await startTestServer('location / { root www; static off; autoindex on; }', {
      'www/.git/config': '',
      'www/.well-known/a.txt': '',
    });
    expect((await server.fetch('/.git/')).status).toBe(404);
    expect(await namesOf(await server.fetch('/.well-known/', { headers: json }))).toEqual(['a.txt']);
  });
});

describe('what lies outside', () => {
  test('links that leave the root, lead nowhere or in a circle are left out; others are followed', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', {
      'www/real.txt': 'real',
      'secret/canary.txt': 'canary',
    });
    const folder = join(server.directory, 'www');
    symlinkSync('../secret', join(folder, 'out'));
    symlinkSync('../secret/canary.txt', join(folder, 'out.txt'));
    symlinkSync('nothing', join(folder, 'broken'));
    symlinkSync('circle', join(folder, 'circle'));
    symlinkSync('real.txt', join(folder, 'inside.txt'));
    expect(await namesOf(await server.fetch('/', { headers: json }))).toEqual(['inside.txt', 'real.txt']);
    const outside = await server.fetch('/out/');
    expect(outside.status).toBe(403);
    expect(await outside.text()).not.toContain('canary');
  });

  test('a link that leaves the root is listed where links are followed', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; follow_symlinks on; }', {
      'www/': null,
      'elsewhere/a.txt': 'a',
    });
    symlinkSync('../elsewhere', join(server.directory, 'www/out'));
    expect(await namesOf(await server.fetch('/', { headers: json }))).toEqual(['out']);
    expect(await namesOf(await server.fetch('/out/', { headers: json }))).toEqual(['a.txt']);
  });

  test('fifos and sockets are left out and never opened', async () => {
    await using server = await startTestServer('location / { root www; autoindex on; }', { 'www/a.txt': '' });
    execFileSync('mkfifo', [join(server.directory, 'www/fifo')]);
    expect(await namesOf(await server.fetch('/', { headers: json }))).toEqual(['a.txt']);
  });
});
