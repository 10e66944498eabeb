import { definePlugin, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { expect, it } from 'vitest';
import { Client, eventually } from './client.js';

it('nothing is started for a client that leaves while a tap of onRequest waits', async () => {
  const asked: string[] = [];
  let letGo: () => void = () => {};
  const waiting = new Promise<undefined>((resolve) => {
    letGo = () => resolve(undefined);
  });
  const plugin = definePlugin({
    name: 'slow-check',
    setup({ hooks }) {
      hooks.onRequest.tapPromise({}, ({ path }) => {
        asked.push(`check ${path}`);
        return path === '/gone' ? waiting : Promise.resolve(undefined);
      });
    },
    apply({ hooks }) {
      hooks.onRoute.tap({ stage: Stage.handler }, ({ request }) => {
        asked.push(`answer ${request.path}`);
        return { status: 200, body: 'here' };
      });
    },
  });
  await using server = await startTestServer('', {}, { plugins: [plugin] });
  using client = await Client.connect(server.port);
  client.send('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually('the check is asked', () => asked.includes('check /gone'));
  client.reset();
  await eventually('the client is gone', async () => (await fetch(`${server.url}/other`)).ok);
  letGo();
  expect(await (await fetch(`${server.url}/other`)).text()).toBe('here');
  expect(asked).not.toContain('answer /gone');
});
