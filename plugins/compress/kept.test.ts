import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, type Response, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { it } from 'vitest';
import { coding, FILES, get, gzip } from './client.test.fixture.js';

/** The response as the last filter sees it. */
function watcher(responses: Response[]) {
  return definePlugin({
    name: 'watcher',
    apply: ({ hooks }) =>
      hooks.onResponse.tap({ stage: Stage.fallback + 1000 }, (response) => {
        responses.push(response);
        return response;
      }),
  });
}

it.concurrent('a hot file is compressed once for all who ask, and answered with the same frozen value', async ({
  expect,
}) => {
  const responses: Response[] = [];
  await using server = await startTestServer('root www; compress on;', FILES, {
    plugins: [watcher(responses)],
  });
  await sleep(1100); // a file that has just changed is not cached
  const wishes = ['gzip', 'gzip;q=0.5', 'deflate, gzip', 'br;q=0.1, gzip', 'gzip, br;q=0.2, identity;q=0.1'];
  for (const wish of wishes) {
    expect(coding(await get(server, '/a.html', { 'Accept-Encoding': wish }))).toBe('gzip');
  }
  expect(new Set(responses).size).toBe(1);
  expect(Object.isFrozen(responses[0])).toBe(true);
});

it.concurrent('a hot file as it is is the same value, too, where others get it compressed', async ({
  expect,
}) => {
  const responses: Response[] = [];
  await using server = await startTestServer('root www; compress on;', FILES, {
    plugins: [watcher(responses)],
  });
  await sleep(1100);
  for (const fields of [{}, { 'Accept-Encoding': 'gzip;q=0' }, {}]) {
    expect(coding(await get(server, '/a.html', fields))).toBe('identity');
  }
  expect(new Set(responses).size).toBe(1);
});

it.concurrent('HEAD of a hot file tells the length that GET had', async ({ expect }) => {
  await using server = await startTestServer('root www; compress on;', FILES);
  await sleep(1100);
  const got = await get(server, '/a.html', gzip);
  const head = await get(server, '/a.html', gzip, 'HEAD');
  expect(head.headers.get('content-length')).toBe(got.headers.get('content-length'));
});
