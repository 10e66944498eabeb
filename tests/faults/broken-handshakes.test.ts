import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../hostile/client.js';
import { type RunningCommand, startCommand } from '../hostile/command.js';
import { Certificates } from '../tls/certificates.js';
import { get } from '../tls/client.js';
import { breaks, waitForServer } from './broken-handshakes.js';

const HANDSHAKES = 10_000;
const AT_A_TIME = 40;
/** Bytes: 1 KiB for each of them would be more. */
const MAX_GROWTH = 10_000_000;
/** The log has 50 lines a second about such clients, and one with the number of the others. */
const LINES_PER_SECOND = 51;

let made: Certificates;
let server: RunningCommand;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test']);
  server = await startCommand(
    `worker_processes 1; error_log stderr debug;
     server { listen LISTEN ssl; ssl_handshake_timeout 2s; client_header_timeout 5s;
       ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')}; return 200 ok; }`,
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await made.remove();
});

/** Breaks handshakes off, in every state in turn, some at a time. */
async function breakOff(count: number): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    for (let mine = next++; mine < count; mine = next++) await breaks[mine % breaks.length]?.[1](server.port);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, client));
}

test(`${HANDSHAKES} handshakes that are broken off, in every state, leave nothing`, {
  timeout: 300_000,
}, async () => {
  // The first ones make the engine compile and the allocator grow.
  await breakOff(4_000);
  expect((await get(server.port)).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const [descriptors, memory] = [await server.descriptors(), await server.memory()];
  const linesBefore = server.log().split('\n').length;
  const began = performance.now();
  await breakOff(HANDSHAKES);
  await eventually('descriptors back', async () => (await server.descriptors()) <= descriptors);
  expect((await get(server.port)).text).toMatch(/ok$/);
  const seconds = (performance.now() - began) / 1000;
  const lines = server.log().split('\n').length - linesBefore;
  // The collector of the engine comes a moment later.
  await eventually('memory back', async () => (await server.memory()) < memory + MAX_GROWTH);
  const grown = (await server.memory()) - memory;
  process.stdout.write(
    `${HANDSHAKES} broken off in ${seconds.toFixed(1)} s: ${grown} bytes kept, ${lines} lines in the log\n`,
  );
  expect(lines).toBeLessThan((seconds + 2) * LINES_PER_SECOND);
  expect(server.running()).toBe(true);
  expect(server.log()).not.toMatch(/\[(?:error|warn)\]/);
});

test('handshakes that stay half open are closed by the server', async () => {
  const descriptors = await server.descriptors();
  const stages = ['TCP only', 'half a ClientHello', 'a ServerHello', 'a Finished, then silence'];
  await Promise.all(
    Array.from({ length: 400 }, (_, index) =>
      waitForServer(server.port, stages[index % stages.length] ?? ''),
    ),
  );
  await eventually('descriptors back', async () => (await server.descriptors()) <= descriptors);
});
