import { definePlugin, HttpError, Stage } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { prints, reflect, reflection, shell } from './scripts.js';

describe('3.1 server responsibilities', () => {
  it('MUST NOT execute the script unless the request passes all defined access controls', async () => {
    const doorman = definePlugin({
      name: 'doorman',
      apply({ hooks }) {
        hooks.onRoute.tap({ stage: Stage.access }, ({ request }) => {
          if (!request.headers.has('x-key')) throw new HttpError(401);
          return undefined;
        });
      },
    });
    const script = shell("echo ran >> ran.txt; printf 'Content-Type: text/plain\\n\\nwelcome'");
    await using server = await startTestServer(
      'location / { root www; cgi .cgi; }',
      { 'www/a.cgi': script },
      { plugins: [doorman] },
    );
    expect((await server.fetch('/a.cgi')).status).toBe(401);
    expect((await server.fetch('/ran.txt', { headers: { 'x-key': '1' } })).status).toBe(404);
    expect(await (await server.fetch('/a.cgi', { headers: { 'x-key': '1' } })).text()).toBe('welcome');
    expect(await (await server.fetch('/ran.txt', { headers: { 'x-key': '1' } })).text()).toBe('ran\n');
  });

  it('retains its responsibility to conform to the protocol even if the script fails to conform', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; }', {
      'www/rubbish.cgi': prints('HTTP/0.9 hello\r\rworld'),
      'www/next.txt': 'in step',
    });
    const answers = await server.raw(
      'GET /rubbish.cgi HTTP/1.1\r\nHost: a\r\n\r\nGET /next.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(answers).toMatch(/^HTTP\/1\.1 502 /);
    expect(answers.match(/^HTTP\/1\.1 /gm)).toHaveLength(2);
    expect(answers).toMatch(/\r\n\r\nin step$/);
  });
});

describe('3.2 script selection', () => {
  const files = {
    'www/a.cgi': reflect,
    'www/folder.cgi/b.cgi': reflect,
    'www/folder.cgi/c.txt': 'a file in a folder',
  };

  it.each(['full', 'rest'])(
    'identifies all or a leading part of the path with a script (%s)',
    async (mode) => {
      await using server = await startTestServer(
        `location / { root www; cgi .cgi; cgi_path_info ${mode}; }`,
        files,
      );
      expect((await reflection(server, '/a.cgi')).environment.SCRIPT_NAME).toBe('/a.cgi');
      expect((await reflection(server, '/a.cgi/b/c.d')).environment.SCRIPT_NAME).toBe('/a.cgi');
      expect((await reflection(server, '/folder.cgi/b.cgi/x')).environment.SCRIPT_NAME).toBe(
        '/folder.cgi/b.cgi',
      );
      expect(await (await server.fetch('/folder.cgi/c.txt')).text()).toBe('a file in a folder');
    },
  );

  it('leaves the remainder of the path to be interpreted by the script', async () => {
    await using server = await startTestServer(
      'location / { root www; cgi .cgi; cgi_path_info rest; }',
      files,
    );
    expect((await reflection(server, '/a.cgi/b.cgi/c')).environment.PATH_INFO).toBe('/b.cgi/c');
  });
});

describe('3.3 the Script-URI', () => {
  it.each(['/a.cgi', '/a.cgi/', '/a.cgi/x/y?q=1&r=%20', '/sp%20ace/a.cgi/%c3%a9%3b%3d%3f?'])(
    'accessed instead, would execute the script with the same values: %s',
    async (target) => {
      await using server = await startTestServer('location / { root www; cgi .cgi; cgi_path_info rest; }', {
        'www/a.cgi': reflect,
        'www/sp ace/a.cgi': reflect,
      });
      const { environment: first } = await reflection(server, target);
      const path = encodeURIComponent(`${first.SCRIPT_NAME}${first.PATH_INFO}`).replaceAll('%2F', '/');
      const host = `${first.SERVER_NAME}:${first.SERVER_PORT}`;
      expect(host).toBe(`127.0.0.1:${server.port}`);
      const { environment: second } = await reflection(server, `${path}?${first.QUERY_STRING}`);
      for (const name of ['SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING']) expect(second[name]).toBe(first[name]);
    },
  );
});

describe('3.4 execution', () => {
  it('invokes the file containing the script as an executable program', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; }', {
      'www/a.cgi': prints('Content-Type: text/plain\n\nexecuted'),
      'www/plain.cgi': { content: '#!/bin/sh\necho SOURCE', mode: 0o644 },
    });
    expect(await (await server.fetch('/a.cgi')).text()).toBe('executed\n');
    expect((await server.fetch('/plain.cgi')).status).toBe(403);
  });

  it('unless specified otherwise: by an interpreter, the file need not be executable', async () => {
    await using server = await startTestServer('location / { root www; cgi .sh /bin/sh -e; }', {
      'www/a.sh': 'printf \'Content-Type: text/plain\\n\\n%s\' "$0"; false; echo not reached',
    });
    expect(await (await server.fetch('/a.sh')).text()).toBe(`${server.directory}/www/a.sh`);
  });
});
