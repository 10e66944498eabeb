import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startCommand } from '../hostile/command.js';

const REQUESTS = 200;

const counting = `
import { definePlugin } from '@webserv/server';
let looks = 0;
export default definePlugin({
  name: 'counting',
  setup: ({ metrics }) => {
    metrics.gauge({ name: 'looks', help: 'How often somebody looked.' }, () => { looks += 1; return looks; });
  },
  apply: () => {},
});
`;

function get(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({ host: '127.0.0.1', port });
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    socket.write('GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  });
}

it('the numbers of all workers are gathered once for those who ask at the same time', async () => {
  const conf = `workers 2;\nload_plugin ./counting.mjs;\nserver { listen LISTEN; location = /status { status json; } }`;
  await using server = await startCommand(conf, { 'counting.mjs': counting });
  const answers = await Promise.all(Array.from({ length: REQUESTS }, () => get(server.port)));
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  const looks = Number(/"looks": ?(\d+)/.exec(await get(server.port))?.[1]);
  // Each collection queries every worker.
  expect(looks).toBeGreaterThan(1);
  expect(looks).toBeLessThan(REQUESTS);
});
