import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstatSync, readdirSync } from 'node:fs';
import { chmod, mkdir, rename, symlink, utimes } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { command } from './in-process.js';
import { folderWith, webserv } from './webserv.js';

/** Name of a partial upload of a killed server: its process no longer exists. */
const LEFTOVER = `.webserv-upload-${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}-999999999-00000000-1`;

const PLUGIN = `import { definePlugin, flag } from '@webserv/server';
export default definePlugin({
  name: 'own',
  directives: { own: flag({ default: false, help: 'does nothing', example: 'own on;' }) },
  codes: { 'own-log': 'its log cannot be opened' },
  apply({ options, logFile, route }) {
    if (!options.own) return;
    const log = logFile({ path: route.boundary.directory + '/own.log', name: 'own log', code: 'own-log', place: undefined });
    log.write('a line that nobody is to see');
  },
});
`;

/** Every directive that names a path, and every plugin. */
const conf = (own: string): string => `error_log logs/error.log info;
pid run/webserv.pid;
state_dir state/of/site;
load_plugin ./${own};
access_log logs/access.log;
include mime.types;
server {
  listen 127.0.0.1:0;
  listen unix:run/stale.sock;
  listen unix:run/new.sock;
  root www;
  index index.html;
  error_page 404 /errors/404.html;
  autoindex on;
  compress on;
  compress_static on;
  own on;
  access_log logs/one.log combined;
  access_log logs/two.log json;
  access_log logs/linked.log pretty;
  add_header X-A b;
  location /cgi { cgi .sh /bin/sh; access_log logs/new/../three.log; }
  location /private { auth_basic it; auth_basic_user_file users; }
  location /up { upload on; upload_store store; upload_delete on; }
  location /up2 { upload on; root store; }
  location /status { status on; }
  location /old { return 301 /new; }
  location /try { try_files $uri /index.html; }
}
`;

interface Seen {
  readonly [field: string]: bigint | number | string;
}

/** Everything below a directory, with its metadata on disk. */
function snapshot(directory: string, prefix = ''): Readonly<Record<string, Seen>> {
  const found: Record<string, Seen> = { [`${prefix}.`]: look(directory) };
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    if (lstatSync(path).isDirectory()) Object.assign(found, snapshot(path, `${prefix}${name}/`));
    else found[prefix + name] = look(path);
  }
  return found;
}

function look(path: string): Seen {
  const { ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
  return { ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs };
}

/** A directory with everything that `conf` names, and what a killed server left. */
async function site(own: string): Promise<string> {
  const directory = await folderWith({
    'webserv.conf': conf(own),
    [own]: PLUGIN,
    'mime.types': 'types { text/x-a a; }',
    users: 'me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n',
    'www/index.html': 'hello',
    'www/errors/404.html': 'absent',
    'www/cgi/a.sh': 'echo',
    'logs/one.log': 'a line\n',
    'logs/target.log': '',
    'logs/new/keep': '',
    [`store/${LEFTOVER}`]: 'half',
    [`store/below/${LEFTOVER}`]: 'half',
  });
  await Promise.all(['run', 'tmp', 'home'].map((name) => mkdir(join(directory, name))));
  await symlink('target.log', join(directory, 'logs/linked.log'));
  await chmod(directory, 0o755);
  // A socket file of a killed server.
  const server = createServer().listen(join(directory, 'run/first.sock'));
  await once(server, 'listening');
  await rename(join(directory, 'run/first.sock'), join(directory, 'run/stale.sock'));
  server.close();
  await once(server, 'close');
  await utimes(join(directory, `store/${LEFTOVER}`), 0, 0);
  return directory;
}

async function expectNoTrace(
  run: typeof webserv | typeof command,
  words: readonly string[],
  own: string,
): Promise<void> {
  const directory = await site(own);
  const before = snapshot(directory);
  expect(before).toHaveProperty(['run/stale.sock']);
  const environment = { TMPDIR: join(directory, 'tmp'), HOME: join(directory, 'home') };
  const { code, stderr } = await run([...words, '--config', join(directory, 'webserv.conf')], {
    cwd: directory,
    environment,
  });
  expect([code, stderr.includes('error')]).toEqual([0, false]);
  expect(snapshot(directory)).toEqual(before);
}

it('webserv --test leaves no trace on the disk, and neither do its processes', () =>
  expectNoTrace(webserv, ['--test'], 'own.ts'));

// With a plugin in JavaScript, except one: a plugin in TypeScript is compiled for each command.
it.each([
  [['--test', '--print-config'], 'own.ts'],
  [['--print-config'], 'own.mjs'],
  [['explain', '/up/a.txt', '-X', 'PUT'], 'own.mjs'],
  [['explain', '/cgi/a.sh'], 'own.mjs'],
  [['plugins'], 'own.mjs'],
  [['schema'], 'own.mjs'],
  [['trust'], 'own.mjs'],
])('webserv %s leaves no trace on the disk', (words, own) => expectNoTrace(command, words, own));
