import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { describe, expect, test } from 'vitest';
import { Client } from '../hostile/client.js';

const HEAD = '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"\n';

/** Output that exceeds every buffer of the system: 32 MB, and output without an end. */
const SCRIPTS = {
  'www/long.sh': `${HEAD}head -c 32000000 /dev/zero\n`,
  'www/endless.sh': `${HEAD}exec cat /dev/zero\n`,
  'www/quick.sh': `${HEAD}echo quick\n`,
};

async function start(): Promise<TestServer> {
  const server = await startTestServer('root www; cgi .sh; listen unix:slow.sock;', SCRIPTS);
  for (const path of Object.keys(SCRIPTS)) await chmod(join(server.directory, path), 0o755);
  return server;
}

describe('32 slow readers of a script', () => {
  test.each([
    ['of 32 MB', '/long.sh', 10_000],
    ['without an end', '/endless.sh', 40_000],
  ])('others get scripts: output %s', async (_, path, withinMs) => {
    await using server = await start();
    const readers: Client[] = [];
    try {
      for (let count = 0; count < 32; count += 1) {
        const reader = await Client.connect(join(server.directory, 'slow.sock'), { reading: false });
        reader.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
        readers.push(reader);
      }
      const sips = setInterval(() => {
        for (const reader of readers) reader.sip();
      }, 500);
      await sleep(3_000);
      const began = performance.now();
      for (let request = 0; request < 3; request += 1) {
        const response = await server.fetch('/quick.sh');
        expect({ status: response.status, text: await response.text() }).toEqual({
          status: 200,
          text: 'quick\n',
        });
      }
      expect(performance.now() - began).toBeLessThan(withinMs);
      clearInterval(sips);
    } finally {
      for (const reader of readers) reader[Symbol.dispose]();
    }
  });
});
