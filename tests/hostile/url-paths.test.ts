import { mkdirSync, writeFileSync } from 'node:fs';
import { definePlugin, Stage } from '@webserv/server';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, readAnswers } from '../wire/answers.js';

/** Every byte, raw and percent-encoded, in the path of a URL. nginx 1.22 responds the same except where noted. */

const ask = (server: TestServer, target: string, more = '', method = 'GET') =>
  server.raw(
    Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: a\r\n${more}Connection: close\r\n\r\n`, 'latin1'),
  );

/** The responses to GET requests that the server does not reject, on one connection. */
async function askInTurn(targets: readonly string[]): Promise<readonly Answer[]> {
  const requests = targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n`);
  return readAnswers(await server.raw(`${requests.join('\r\n')}Connection: close\r\n\r\n`));
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
const contentOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4);
const locationOf = (answer: string) => /^location: (.*)\r$/im.exec(answer)?.[1];

const hex = (byte: number) => `%${byte.toString(16).padStart(2, '0')}`;
const every = Array.from({ length: 256 }, (_, byte) => byte);
/** Bytes that a file name can contain. */
const nameable = every.filter((byte) => byte !== 0 && byte !== 0x2f);
/** Bytes that are syntax in a request line, or malformed there; nginx reads `#` as the end of the path. */
const isRaw = (byte: number) => byte > 0x20 && byte !== 0x7f && !'%#?/'.includes(String.fromCharCode(byte));

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(
    `file_cache off;
     server { listen 127.0.0.1:0; root www; cgi .cgi;
     location /moved { return 301 https://other.example$uri; }
     location /asked { return 301 https://other.example$request_uri; }
     location /header { add_header X-Path $uri; }
     location /front { try_files $uri /x.cgi; }
     location /page { error_page 404 /x.cgi; }
     location /tried { root tried; try_files $uri /tried/none; } }`,
    {
      'www/header/a\nb': 'header',
      'tried/': null,
      'www/x.cgi': { content: '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nscript"', mode: 0o755 },
    },
  );
  for (const folder of ['www', 'tried']) {
    mkdirSync(`${server.directory}/${folder}`, { recursive: true });
    for (const byte of nameable) {
      const name = [Buffer.from(`${server.directory}/${folder}/a`), Buffer.of(byte), Buffer.from('b')];
      writeFileSync(Buffer.concat(name), `byte ${byte}`);
    }
  }
});
afterAll(() => server[Symbol.asyncDispose]());

describe('a byte of a path', () => {
  it('names the file with that byte if it is encoded, for any byte', async () => {
    const responses = await askInTurn(nameable.map((byte) => `/a${hex(byte)}b`));
    expect(responses.map(({ status, content }) => [status, content])).toEqual(
      nameable.map((byte) => [200, `byte ${byte}`]),
    );
  });

  it('names the file with that byte if it is raw, except controls, space and syntax', async () => {
    const raw = nameable.filter(isRaw);
    const responses = await askInTurn(raw.map((byte) => `/a${String.fromCharCode(byte)}b`));
    expect(responses.map(({ status, content }) => [status, content])).toEqual(
      raw.map((byte) => [200, `byte ${byte}`]),
    );
    for (const byte of every.filter((each) => !isRaw(each) && !'?/\n'.includes(String.fromCharCode(each)))) {
      expect([byte, statusOf(await ask(server, `/a${String.fromCharCode(byte)}b`))]).toEqual([byte, 400]);
    }
  });

  it('that is an encoded slash or NUL leads to no file, and to no location of the path it resembles', async () => {
    for (const path of ['/a%00b', '/a%2fb', '/a%2Fb', '/%00', '/%2f', '/%2f%2f', '/..%2f..%2fetc%2fpasswd']) {
      for (const method of ['GET', 'HEAD']) {
        expect([path, statusOf(await ask(server, path, '', method))]).toEqual([path, 404]);
      }
    }
    for (const path of ['/moved%2fa', '%2fmoved/a', '/moved%00']) {
      expect([path, locationOf(await ask(server, path))]).toEqual([path, undefined]);
    }
    expect(statusOf(await ask(server, '/x.cgi/%00'))).toBe(400);
  });

  it('is the same for try_files', async () => {
    const responses = await askInTurn(nameable.map((byte) => `/tried/a${hex(byte)}b`));
    expect(responses.map(({ content }) => content)).toEqual(nameable.map((byte) => `byte ${byte}`));
    expect(statusOf(await ask(server, '/tried/a%2fb'))).toBe(404);
    expect(statusOf(await ask(server, '/tried/a%00b'))).toBe(404);
  });

  it('that is a NUL is rejected with a front controller, and is 404 if a script is the page of that error', async () => {
    // Several times, because a frequently requested script is looked up once a second.
    for (let round = 0; round < 5; round += 1) {
      expect(statusOf(await ask(server, '/front/a'))).toBe(200);
      for (const path of ['/front/a%00b', '/front/%00', '/front/x.cgi%00', '/front/%00/']) {
        for (const method of ['GET', 'HEAD', 'POST']) {
          expect([path, statusOf(await ask(server, path, '', method))]).toEqual([path, 400]);
        }
      }
      const page = await ask(server, '/page/a%00b');
      expect([statusOf(page), contentOf(page)]).toEqual([404, expect.stringContaining('script')]);
    }
  });
});

describe('bytes of a path that are not text', () => {
  it('leaves escaped in a Location: decoded again, it is the same', async () => {
    const responses = await askInTurn(every.map((byte) => `/moved/a${hex(byte)}b`));
    expect(responses).toHaveLength(every.length);
    for (const byte of every) {
      const moved = responses[byte]?.fields.get('location');
      expect([byte, moved]).toEqual([
        byte,
        expect.stringMatching(/^https:\/\/other\.example\/moved\/a\S+b$/),
      ]);
      const name = moved?.slice('https://other.example/moved/'.length) ?? '';
      const bytes = name.replace(/%([0-9a-f]{2})/gi, (_, code) =>
        String.fromCharCode(Number.parseInt(code, 16)),
      );
      expect(bytes).toBe(`a${String.fromCharCode(byte)}b`);
    }
    expect(locationOf(await ask(server, '/asked/\xe9%e9%0d%0aX:%20y'))).toBe(
      'https://other.example/asked/%E9%e9%0d%0aX:%20y',
    );
    expect(locationOf(await ask(server, '/moved/%2541%252f'))).toBe('https://other.example/moved/%2541%252f');
  });

  it('leaves escaped in any other field', async () => {
    const answer = await ask(server, '/header/a%0ab');
    expect(contentOf(answer)).toBe('header');
    expect(answer).toContain('\r\nX-Path: /header/a%0Ab\r\n');
  });

  it('leaves escaped in the redirect to a directory, which stays on this server', async () => {
    await using site = await startTestServer('root www;', {
      'www/a\r\nX: y/index.html': 'index',
      'www/\\evil.example/index.html': 'index',
      'www/100%41/index.html': 'index',
    });
    for (const [path, location] of [
      ['/a%0d%0aX:%20y', '/a%0D%0AX%3A%20y/'],
      ['/\\evil.example', '/%5Cevil.example/'],
      ['/100%2541', '/100%2541/'],
    ] as const) {
      expect(locationOf(await ask(site, path))).toBe(location);
      expect(contentOf(await ask(site, location))).toBe('index');
    }
  });

  it('reaches a plugin as segments', async () => {
    const seen: (readonly string[])[] = [];
    const plugin = definePlugin({
      name: 'segments',
      apply({ hooks }) {
        hooks.onRoute.tap({ stage: Stage.handler }, ({ request }) => {
          seen.push(request.segments);
          return { status: 204 };
        });
      },
    });
    await using site = await startTestServer('', {}, { plugins: [plugin] });
    await ask(site, '/a%2fb/%00/%0a/%e9/%2541/');
    expect(seen).toEqual([['a/b', '\0', '\n', '\udce9', '%41', '']]);
  });
});
