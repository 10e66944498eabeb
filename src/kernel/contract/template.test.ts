import { definePlugin } from '@webserv/server';
import { expect, it } from 'vitest';
import { startTestServer } from '../../testing/index.js';

const weather = definePlugin({
  name: 'weather',
  variables: {
    sky: {
      help: 'what the sky is like',
      value: ({ request }) => (request.path === '/x' ? undefined : 'blue'),
    },
    wind: { help: 'only when set' },
    storm: {
      help: 'breaks',
      value: () => {
        throw new Error('lightning');
      },
    },
  },
  apply: ({ hooks }) =>
    hooks.onRoute.tap({ stage: 0 }, (exchange) => {
      if (exchange.request.path === '/set') exchange.setVariable('sky', 'grey');
      return undefined;
    }),
});

it('a text is filled in with what the request brought', async () => {
  await using server = await startTestServer(
    `return 200 "$request_method \${uri} $arg_b|$arg_c|$cookie_id|$http_x_a $$5 $args $";`,
  );
  const answer = await server.fetch('/p%20q?a=1&b=%20&bb=2', {
    headers: { cookie: 'x=1; id=7; id=8', 'x-a': 'yes' },
  });
  expect(await answer.text()).toBe('GET /p q %20||7|yes $5 a=1&b=%20&bb=2 $');
});

it('an environment variable that a backslash keeps is text', async () => {
  const texts = String.raw`"\${HOME} \${HOME:-x} $uri \${NAME}"`;
  for (const conf of [`return 200 ${texts};`, `return 200 ${texts}; add_header x-a ${texts};`]) {
    await using server = await startTestServer(conf);
    expect(await (await server.fetch('/a')).text()).toBe(`\${HOME} \${HOME:-x} /a \${NAME}`);
  }
});

it("a plugin's variable is asked for where it is not set", async () => {
  await using server = await startTestServer('return 200 "[$sky] [$wind]";', {}, { plugins: [weather] });
  const text = async (path: string): Promise<string> => (await server.fetch(path)).text();
  expect([await text('/'), await text('/x'), await text('/set')]).toEqual([
    '[blue] []',
    '[] []',
    '[grey] []',
  ]);
});

it("a fault in a plugin's variable is that request's 500, with the plugin's name in the log", async () => {
  await using server = await startTestServer('return 200 $storm;', {}, { plugins: [weather] });
  expect((await server.fetch('/')).status).toBe(500);
  expect(server.log.join('\n')).toMatch(/plugin "weather", \$storm for server .*: lightning/);
});

it('a variable of a name that is taken is refused', async () => {
  const rival = definePlugin({ name: 'rival', variables: { uri: { help: 'mine' } } });
  await expect(startTestServer('return 200;', {}, { plugins: [rival] })).rejects.toThrow(
    'error[variable-conflict]: variable "$uri" of plugin "rival"',
  );
  expect(() => definePlugin({ name: 'x', variables: { http_x: { help: '' } } })).toThrow('"http_x"');
});
