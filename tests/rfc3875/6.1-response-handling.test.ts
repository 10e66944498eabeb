import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { prints, shell } from './scripts.js';

describe('6.1 response handling', () => {
  it('expects a non-empty response on the standard output', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; }', {
      'www/silent.cgi': shell('exit 0'),
      'www/failing.cgi': shell('echo "something is wrong" >&2; exit 3'),
      'www/half.cgi': shell("printf 'Content-Type: text/plain\\nX-Half: '"),
      'www/page.cgi': prints('Content-Type: text/plain\n\npage'),
    });
    for (const path of ['/silent.cgi', '/failing.cgi', '/half.cgi']) {
      expect((await server.fetch(path)).status).toBe(502);
    }
    expect(await (await server.fetch('/page.cgi')).text()).toBe('page\n');
    const log = server.log.join('\n');
    expect(log).toContain('failing.cgi: something is wrong');
    expect(log).toContain('exited with 3');
  });

  it('terminates a script that sends no header within the timeout period, with 504', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; cgi_timeout 300ms; }', {
      'www/sleep.cgi': shell('sleep 30'),
      'www/drip.cgi': shell('while printf "X-A: b\\n"; do sleep 0.05; done'),
    });
    const started = performance.now();
    for (const path of ['/sleep.cgi', '/drip.cgi']) expect((await server.fetch(path)).status).toBe(504);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('closes the connection if the script falls silent in its response body', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; cgi_timeout 300ms; }', {
      'www/stuck.cgi': shell("printf 'Content-Type: text/plain\\n\\nbegin'; sleep 30"),
      'www/slow.cgi': shell(
        "printf 'Content-Type: text/plain\\n\\n'; for i in 1 2 3 4 5 6; do printf $i; sleep 0.1; done",
      ),
    });
    const answer = await server.raw('GET /stuck.cgi HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(answer).toMatch(/\r\n\r\n5\r\nbegin\r\n$/);
    expect(await (await server.fetch('/slow.cgi')).text()).toBe('123456');
  });
});
