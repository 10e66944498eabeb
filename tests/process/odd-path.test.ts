import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shared } from '../cli/afterwards.js';
import { command } from '../cli/in-process.js';
import { folderWith, repository, serving, webserv } from '../cli/webserv.js';
import { freePort } from '../free-port.js';
import { childrenOf, masterOf, onlyWorkerOf } from './running.js';

/** Characters that have a meaning in URLs, or are encoded there. */
const ODD = 'a b é %20 #x ?y &z';

/** `me:secret` */
const USERS = 'me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n';
const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;

const plugin = (name: string, source: string): string => `
  import { definePlugin, flag, Stage } from '@webserv/server';
  ${source}
  export default definePlugin({
    name: '${name}',
    directives: { ${name}: flag({ default: false, help: 'says a word' }) },
    apply({ options, hooks }) {
      if (options.${name}) hooks.onRoute.tap({ stage: Stage.content }, () => {
        setTimeout(() => { throw new Error('late'); }, 1);
        return { status: 200, body: word };
      });
    },
  });`;

/** The package and a site, each in a directory with such a name. */
async function installed(port: number): Promise<{ program: string; site: string }> {
  const folder = await folderWith({
    [`${ODD}/site/webserv.conf`]: `load_plugin ./typed.ts; load_plugin ./plain.mjs; load_plugin inside; pid webserv.pid;
      include parts/*.conf;
      server { listen 127.0.0.1:${port}; include locations; location /typed { typed on; } location /plain { plain on; } location /inside { inside on; } }`,
    [`${ODD}/site/locations`]: `location /files { root files; cgi .sh; }
      location /auth { root files; auth_basic it; auth_basic_user_file users; }
      location /up { root up; upload on; }`,
    [`${ODD}/site/parts/none.conf`]: '',
    [`${ODD}/site/typed.ts`]: plugin('typed', `import { word } from './words/typed.js';`),
    [`${ODD}/site/words/typed.ts`]: `export const word: string = 'typed';`,
    [`${ODD}/site/plain.mjs`]: plugin('plain', `import { word } from './words/plain.mjs';`),
    [`${ODD}/site/words/plain.mjs`]: `export const word = 'plain';`,
    [`${ODD}/site/node_modules/webserv-plugin-inside/package.json`]:
      '{ "type": "module", "exports": "./index.js" }',
    [`${ODD}/site/node_modules/webserv-plugin-inside/index.js`]: plugin('inside', `const word = 'inside';`),
    [`${ODD}/site/files/a.txt`]: 'a file',
    [`${ODD}/site/files/a.sh`]: '#!/bin/sh\necho Content-Type: text/plain; echo; printf "a script"\n',
    [`${ODD}/site/users`]: USERS,
    [`${ODD}/site/webserv.config.ts`]: `import { word } from './words/typed.js';
      export default { server: { listen: '127.0.0.1:${port}', return: [200, word] } };`,
  });
  const home = join(folder, ODD, 'package');
  await mkdir(join(folder, ODD, 'site/up'));
  await chmod(join(folder, ODD, 'site/files/a.sh'), 0o755);
  await mkdir(home);
  await cp(join(repository, 'dist'), join(home, 'dist'), {
    recursive: true,
    filter: (path) => !path.endsWith('.d.ts'),
  });
  await cp(join(repository, 'package.json'), join(home, 'package.json'));
  await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
  return { program: join(home, 'dist/src/cli/main.js'), site: join(folder, ODD, 'site') };
}

describe.runIf(process.platform === 'linux')(
  'below a path with a space, %20, #, ? and letters beyond ASCII',
  () => {
    const odd = shared(async () => installed(await freePort()));

    it('everything is served, plugins are blamed, edits noticed and workers replaced', async () => {
      const { program, site } = odd();
      const file = join(site, 'webserv.conf');
      const server = await serving(['--watch', file], { program });
      const get = (path: string): Promise<string> =>
        fetch(server.url + path, { headers: { authorization, connection: 'close' } }).then(
          (response) => response.text(),
          String,
        );
      const all = async (): Promise<readonly string[]> =>
        Promise.all(['/typed', '/plain', '/inside', '/files/a.txt', '/files/a.sh', '/auth/a.txt'].map(get));
      const expected = (word: string) => [word, 'plain', 'inside', 'a file', 'a script', 'a file'];
      expect(await all()).toEqual(expected('typed'));
      expect((await fetch(`${server.url}/up/new`, { method: 'PUT', body: 'new' })).status).toBe(201);
      for (const name of ['typed', 'plain', 'inside'])
        await expect.poll(() => server.stderr()).toContain(`plugin "${name}", outside of any request`);
      await writeFile(join(site, 'words/typed.ts'), `export const word: string = 'edited';`);
      await expect.poll(() => get('/typed')).toBe('edited');
      const worker = await onlyWorkerOf(masterOf(server));
      process.kill(worker, 'SIGKILL');
      await expect.poll(() => childrenOf(masterOf(server))).not.toContain(worker);
      await expect.poll(all, { timeout: 60_000 }).toEqual(expected('edited'));
      // Without plugins, which this process would compile.
      const brief = join(site, 'brief.conf');
      await writeFile(brief, 'pid webserv.pid; server { listen 8080; return 204; }');
      expect((await command(['-s', 'stop', brief])).code).toBe(0);
      await expect.poll(() => server.child.exitCode).toBe(0);
    });

    it('configurations in TypeScript are tested, and what throws is shown with its line', async () => {
      const { program, site } = odd();
      const good = await webserv(['--test', 'webserv.config.ts'], { program, cwd: site });
      expect([good.code, good.stderr]).toEqual([0, expect.stringContaining('webserv.config.ts is fine')]);
      await writeFile(join(site, 'plain.mjs'), `\n\nthrow new Error('broken');`);
      await writeFile(
        join(site, 'webserv.conf'),
        'load_plugin ./plain.mjs; server { listen 8080; return 204; }',
      );
      const bad = await webserv(['--test'], { program, cwd: site });
      expect(bad.code).toBe(1);
      expect(bad.stderr).toContain('thrown at plain.mjs:3');
    });
  },
);
