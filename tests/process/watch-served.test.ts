import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { command } from '../cli/in-process.js';
import { folderWith, serving } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { responseOf } from './running.js';

describe('--watch', () => {
  const site = shared(async () => {
    const port = await freePort();
    const conf = (main = '', inServer = ''): string =>
      `${main} pid webserv.pid;
       server { listen 127.0.0.1:${port}; ${inServer} include parts/*.conf; include part.inc; location / { return 200 none; } }`;
    const folder = await folderWith({
      'webserv.conf': conf(),
      'part.inc': 'location = /part { return 200 first; }',
      'plugins/word.mjs': `export const word = 'first';`,
      'plugins/hello.mjs': `
        import { definePlugin, flag, Stage } from '@webserv/server';
        import { word } from './word.mjs';
        const hello = flag({ default: false, help: 'says a word' });
        export default definePlugin({
          name: 'hello',
          directives: { hello },
          apply: ({ options, hooks }) => {
            if (options.hello) hooks.onRoute.tap({ stage: Stage.content }, () => ({ status: 200, body: word }));
          },
        });`,
      'parts/.keep': '',
    });
    const file = join(folder, 'webserv.conf');
    const server = await serving(['--watch', file]);
    const response = (path: string) => (): Promise<string> =>
      responseOf({ url: server.url + path }).catch(String);
    return { folder, file, conf, server, response };
  });

  it('reloads when a file that the configuration includes changes', async () => {
    const { folder, response } = site();
    expect(await response('/part')()).toBe('first');
    await writeFile(join(folder, 'part.inc'), 'location = /part { return 200 second; }');
    await expect.poll(response('/part')).toBe('second');
  });

  it('notices a new file that a pattern matches, a correction in it, and its removal', async () => {
    const { folder, server, response } = site();
    const file = join(folder, 'parts/a.conf');
    await writeFile(file, 'location /a { return 200 added; oops; }');
    await expect.poll(() => server.stderr()).toContain('unknown directive "oops"');
    await writeFile(file, 'location /a { return 200 added; }');
    await expect.poll(response('/a')).toBe('added');
    await rm(file);
    await expect.poll(response('/a')).toBe('none');
  });

  it('notices a correction in a file that a rejected configuration includes', async () => {
    const { folder, file, conf, server, response } = site();
    // A pattern has a directory to watch. A file that is named in full is watched once it was read, even though it was
    // rejected.
    await writeFile(join(folder, 'other.inc'), 'oops;');
    await writeFile(
      file,
      conf('load_plugin ./plugins/hello.mjs;', 'location /hello { hello on; } include other.inc;'),
    );
    await expect.poll(() => server.stderr()).toContain('other.inc:1:1');
    await writeFile(join(folder, 'other.inc'), 'location /b { return 200 mended; }');
    await expect.poll(response('/b')).toBe('mended');
  });

  it('reloads when a module that a plugin imports changes', async () => {
    const { folder, response } = site();
    // A worker of the generation before may still accept a connection.
    await expect.poll(response('/hello')).toBe('first');
    await writeFile(join(folder, 'plugins/word.mjs'), `export const word = 'second';`);
    await expect.poll(response('/hello')).toBe('second');
  });

  it('does not prevent -s stop, which ends the server with exit code 0', async () => {
    const { file, server } = site();
    expect((await command(['-s', 'stop', file])).code).toBe(0);
    await expect.poll(() => server.child.exitCode).toBe(0);
  });
});
