import { strictEqual } from 'node:assert';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { conformance, directiveChecks, inject, startTestServer } from '@webserv/server/testing';
import maintenance from './index.js';

const conf = `
maintenance_file closed;
root www;
location /shop   { maintenance on; }
location /health { return 200 ok; }
`;

const files = { 'www/shop': 'a page' };

test('while the file exists, routes with the directive are closed, and no others', async () => {
  const closed = await inject(maintenance, conf, '/shop', { ...files, closed: '' });
  strictEqual(closed.status, 503);
  strictEqual(closed.headers.get('retry-after'), '60');
  strictEqual((await inject(maintenance, conf, '/health', { ...files, closed: '' })).status, 200);
  strictEqual((await inject(maintenance, conf, '/shop', files)).status, 200);
});

test('the site opens and closes without a reload', async () => {
  const server = await startTestServer(conf, files, { plugins: [maintenance] });
  try {
    const file = join(server.directory, 'closed');
    const status = async () => (await server.fetch('/shop')).status;
    strictEqual(await status(), 200);
    await writeFile(file, '');
    await setTimeout(600);
    strictEqual(await status(), 503);
    await rm(file);
    await setTimeout(600);
    strictEqual(await status(), 200);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

test('without a file the site is closed, and tells clients when to retry', async () => {
  const answer = await inject(
    maintenance,
    'root www; maintenance on; maintenance_retry 90500ms;',
    '/shop',
    files,
  );
  strictEqual(answer.status, 503);
  strictEqual(answer.headers.get('retry-after'), '91');
});

const checks = [
  ...directiveChecks(maintenance, {
    valid: [
      { conf: 'maintenance on; location /a { maintenance off; }', options: { maintenance: false } },
      { conf: 'maintenance_retry 1h;', options: { maintenance_retry: 3_600_000 } },
    ],
    invalid: [{ conf: 'maintenance soon;', errors: [{ code: 'wrong-argument', line: 1, column: 13 }] }],
  }),
  ...conformance(maintenance, {
    conf: 'maintenance on; maintenance_file closed; root www;',
    files: { 'www/index.html': '<p>open</p>' },
    varies: { headers: ['ETag', 'Last-Modified'] },
  }),
];
for (const { name, run } of checks) test(name, run);
