import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/index.js';

const fixture = fileURLToPath(new URL('./rubbish.test.fixture.mjs', import.meta.url));

// In JavaScript on purpose, so there are no types to import.
const tables: Readonly<Record<string, object>> = await import(fixture);
const namesIn = (table: string): readonly string[] => Object.keys(tables[table] ?? {});

function start(name: string): Promise<TestServer> {
  const locations = `location /it { rubbish ${name}; return 200 passed; } location /ok { return 200 ok; }`;
  return startTestServer(`load_plugin ${fixture};\nserver { listen 127.0.0.1:0;\n${locations} }`);
}

/** The responses to a request and to another one directly behind it on the same connection. */
function ask(server: TestServer, method: string): Promise<string> {
  const next = 'GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  return server.raw(`${method} /it HTTP/1.1\r\nHost: a\r\n\r\n${next}`);
}

const statuses = (received: string): readonly string[] =>
  [...received.matchAll(/HTTP\/1\.1 (\S+) /g)].map(([, status = '']) => status);

const NAMED = /\[error\] \w+ \/it .*plugin "rubbish", onRoute for location \/it at .*test\.conf:3:1/;

describe('a plugin nobody has checked the types of', () => {
  it.each(namesIn('faults'))('%s: 500, with a name in the log, and the connection goes on', async (name) => {
    await using server = await start(name);
    for (const method of ['GET', 'HEAD']) {
      const received = await ask(server, method);
      expect(statuses(received)).toEqual(['500', '200']);
      expect(received.toLowerCase()).not.toMatch(/\nx-[ab]:/);
    }
    expect(server.log.filter((line) => NAMED.test(line))).toHaveLength(2);
  });

  it.each(namesIn('broken'))(
    '%s: broken off where everybody sees it, with a name in the log',
    async (name) => {
      await using server = await start(name);
      const received = await ask(server, 'GET');
      expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
      expect(statuses(received)).toEqual(['200']);
      expect(server.log.join('\n')).toMatch(NAMED);
      // The body of a response to HEAD is only cancelled.
      expect(statuses(await ask(server, 'HEAD'))).toEqual(['200', '200']);
    },
  );

  it.each(namesIn('afterwards'))('%s: the answer is whole, the log has a name', async (name) => {
    await using server = await start(name);
    for (const method of ['GET', 'HEAD']) expect(statuses(await ask(server, method))).toEqual(['200', '200']);
    expect(server.log.filter((line) => NAMED.test(line))).toHaveLength(2);
  });

  it.each(namesIn('fine'))('%s: no harm done', async (name) => {
    await using server = await start(name);
    expect(statuses(await ask(server, 'GET'))).toEqual(['200', '200']);
    // The first response ends where the client expects it.
    expect(await ask(server, 'HEAD')).toMatch(/\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
  });
});
