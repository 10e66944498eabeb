import { afterAll, beforeAll, expect, it } from 'vitest';
import { asRoot, folderWith, start } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { Certificates } from './certificates.js';
import { get } from './client.js';

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test', 'localhost']);
});
afterAll(() => made.remove());

it('a server that starts prints https for the addresses where TLS is spoken', async () => {
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  const cwd = await folderWith({
    'webserv.conf': `${asRoot} ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')};
      server { listen 127.0.0.1:${ports[0]}; listen 127.0.0.1:${ports[1]} ssl; listen ${ports[2]} ssl; return 200; }`,
  });
  const { child, texts, ended } = start([], { cwd });
  try {
    await expect.poll(() => texts.stdout).toContain(`0.0.0.0:${ports[2]}`);
    expect(texts.stdout).toBe(
      `webserv serves webserv.conf at\n  http://127.0.0.1:${ports[0]}\n  https://127.0.0.1:${ports[1]}\n` +
        `  https://localhost:${ports[2]}  (0.0.0.0:${ports[2]})\n`,
    );
    expect((await get(ports[1])).status).toBe(200);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
});
