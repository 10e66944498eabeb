import { definePlugin, HttpError, Stage } from '@webserv/server';
import { expect, it } from 'vitest';
import { startTestServer } from '../../testing/index.js';

const guard = definePlugin({
  name: 'guard',
  setup: ({ hooks }) =>
    hooks.onRequest.tap({}, ({ path }) => (path === '/early' ? { status: 204 } : undefined)),
  apply: ({ hooks }) => {
    hooks.onRoute.tap({ stage: Stage.access }, ({ request }) => {
      if (request.path === '/secret') throw new HttpError(403, { reason: 'not for you' });
      return undefined;
    });
    hooks.onResponse.tapPromise({}, async (response) => ({ ...response, status: 203 }));
    hooks.onDone.tap({}, () => {});
  },
});

async function traced(conf: string, path: string) {
  await using server = await startTestServer(conf, { 'www/a.txt': 'text' }, { plugins: [guard] });
  const answer = await server.fetch(path);
  await answer.text();
  await server.stop();
  const lines = server.log
    .filter((line) => line.includes('trace '))
    .map((line) => line.replace(/^.*?trace \d+: +/, ''));
  const timing = answer.headers.get('server-timing');
  return { timing, lines: lines.map((line) => line.replace(/\d+\.\d+ ms/g, 'T')) };
}

it('shows every step of a request, in its order, with what was decided', async () => {
  const { lines, timing } = await traced('location / { root www; trace on; }', '/a.txt');
  expect(lines).toEqual([
    expect.stringMatching(/^GET \/a.txt by location \/ at .*test.conf:3:1: 203, 4 bytes, T$/),
    '+T  onRoute access  guard: passed on, T',
    '+T  onRoute content  static: passed on, T',
    '+T  onRoute content  static: responded 200, T',
    '+T  onResponse content  guard: changed 200 to 203, T',
    '+T  onDone content  guard: noted, T',
  ]);
  expect(timing).toBeNull();
});

it('shows who refused a request, and what an error page was forwarded to', async () => {
  const conf = 'trace on; root www; error_page 403 /a.txt;';
  const { lines } = await traced(conf, '/secret');
  expect(lines[0]).toMatch(/GET \/secret by server .*, forwarded to server .*: 203, 4 bytes/);
  expect(lines.slice(1, 5)).toEqual([
    '+T  onRoute access  guard: failed: not for you, T',
    '+T  onRoute access  guard: passed on, T',
    '+T  onRoute content  static: passed on, T',
    '+T  onRoute content  static: responded 200, T',
  ]);
});

it('shows steps in the order they began, a forward before what it was forwarded to', async () => {
  await using server = await startTestServer('trace on; root www; try_files $uri/none /a.txt;', {
    'www/a.txt': 'text',
  });
  await (await server.fetch('/b')).text();
  await server.stop();
  const times = server.log.flatMap((line) => /\+(\d+\.\d+) ms/.exec(line)?.[1] ?? []).map(Number);
  expect(times.length).toBeGreaterThan(1);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});

it('shows a request that a server-wide hook responded to', async () => {
  const conf = 'trace on;\nserver { listen 127.0.0.1:0; return 200; }';
  const { lines } = await traced(conf, '/early');
  expect(lines).toEqual([
    'GET /early before it had a route: 204',
    '+T  onRequest content  guard: responded 204, T',
  ]);
});

it('sends the steps in Server-Timing when asked to', async () => {
  const { timing } = await traced('location / { root www; trace server_timing; }', '/a.txt');
  expect(timing).toMatch(
    /^guard-onRoute;dur=[\d.]+;desc="passed on", static-onRoute;dur=[\d.]+;desc="passed on", static-onRoute;dur=[\d.]+;desc="responded 200", guard-onResponse;dur=[\d.]+;desc="changed 200 to 203", total;dur=[\d.]+$/,
  );
});

it('does not send what went wrong: that may hold a path or a secret', async () => {
  const { lines, timing } = await traced('root www; trace server_timing;', '/secret');
  expect(timing).toMatch(/^guard-onRoute;dur=[\d.]+;desc="failed"/);
  expect(lines.join('\n')).toContain('failed: not for you');
});

it('leaves other routes alone', async () => {
  const { lines, timing } = await traced(
    'location / { root www; } location /x { trace on; return 200; }',
    '/a.txt',
  );
  expect([lines, timing]).toEqual([[], null]);
});
