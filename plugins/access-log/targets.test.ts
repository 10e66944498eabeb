import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { definePlugin } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { expect, test } from 'vitest';

test('one path is one file, whatever the form of its lines', async () => {
  await using server = await startTestServer(
    `location /a { access_log a.log; return 200; }
    location /b { access_log a.log json; return 200; }`,
  );
  for (const path of ['/a', '/b', '/a']) await server.fetch(path);
  await server.stop(1000);
  const lines = (await readFile(join(server.directory, 'a.log'), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => line.startsWith('{'))).toEqual([false, true, false]);
});

test('a plugin describes a log, and the kernel opens it when the server is about to serve', async () => {
  const steps: string[] = [];
  const describing = definePlugin({
    name: 'describing',
    codes: { 'own-log': 'its log cannot be opened' },
    setup: () => ({ serve: () => steps.push('serve') }),
    apply({ logFile, hooks, route }) {
      const { directory } = route.boundary;
      const log = logFile({
        path: join(directory, 'own.log'),
        name: 'own log',
        code: 'own-log',
        place: route.place,
      });
      log.write('written in apply\n');
      steps.push('apply');
      hooks.onDone.tap({}, () => log.write('written in onDone\n'));
    },
  });
  await using server = await startTestServer(
    'root .; location / { return 200; }',
    {},
    { plugins: [describing] },
  );
  expect(steps).toEqual(['apply', 'apply', 'serve']);
  const path = join(server.directory, 'own.log');
  expect(await readFile(path, 'utf8').catch(() => undefined)).toMatch(/^(?:written in apply\n){0,2}$/);
  await server.fetch('/');
  await rename(path, `${path}.1`);
  await server.stop(1000);
  expect(await readFile(`${path}.1`, 'utf8')).toContain(
    'written in apply\nwritten in apply\nwritten in onDone\n',
  );
});
