import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { builtinPlugins, publicEntries } from '../../src/builtin.js';
import { loadConfig } from '../../src/kernel/config/files/load.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'webserv-exposed-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const KEY = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\nx\n';
const PLUGIN =
  "import { definePlugin } from '@webserv/server'; export default definePlugin({ name: 'a', apply() {} });";

async function found(conf: string, files: Record<string, string> = {}): Promise<readonly string[]> {
  for (const [name, text] of Object.entries({ 'site.conf': conf, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const builtins = builtinPlugins();
  const { diagnostics } = await loadConfig(join(folder, 'site.conf'), {
    builtins,
    entries: publicEntries(),
  });
  return diagnostics
    .filter(({ code }) => code.startsWith('exposed-'))
    .map(({ severity, code, message, place }) => {
      const name = /[\w./-]*?([\w.-]+)(?: \(|" | lies)/.exec(message)?.[1];
      return `${severity} ${code} ${name} ${place?.line}`;
    });
}

describe('below a served root', () => {
  it('the configuration, what it includes and its plugins are warned of', async () => {
    const conf = 'load_plugin ./plugins/a.js;\ninclude conf.d/*.conf;\nserver { listen 8080; root .; }\n';
    expect(await found(conf, { 'conf.d/b.conf': 'server { listen 8081; }', 'plugins/a.js': PLUGIN })).toEqual(
      ['warning exposed-file site.conf 3', 'warning exposed-file b.conf 3', 'warning exposed-file a.js 3'],
    );
  });

  it('whatever a directive names is warned of, where it is named', async () => {
    const conf = `error_log error.log;\nserver {\n listen 8080; root www;\n auth_basic x;\n auth_basic_user_file www/users;\n}`;
    expect(await found(conf, { 'www/users': 'ann:x', 'www/a.txt': '' })).toEqual([
      'warning exposed-file users 5',
    ]);
  });

  it('a private key is an error, also behind a certificate', async () => {
    const conf = 'server { listen 8080; root www; auth_basic x; auth_basic_user_file www/a.pem; }';
    expect(await found(conf, { 'www/a.pem': KEY })).toEqual(['error exposed-key a.pem 1']);
  });

  it('the key of a certificate is an error, the certificate itself is for everybody', async () => {
    const conf =
      'server { listen 8443 ssl; root www; ssl_certificate www/a.crt; ssl_certificate_key www/a.key; }';
    expect(await found(conf, { 'www/a.crt': KEY.slice(0, 60), 'www/a.key': KEY })).toEqual([
      'error exposed-key a.key 1',
    ]);
  });

  it.each([
    ['www/state', true],
    ['www/a/b', true],
    ['link/state', true],
    ['www/.state', false],
    ['state', false],
    ['www/private/state', false],
  ])('the state directory %s, which need not exist, is an error: %s', async (directory, isError) => {
    mkdirSync(join(folder, 'www'));
    symlinkSync('www', join(folder, 'link'));
    const conf = `state_dir ${directory};\nserver { listen 8080; root www; location /private { return 404; } }`;
    const error = `error exposed-key ${basename(directory)} 1`;
    expect(await found(conf)).toEqual(isError ? [error] : []);
  });

  it('the default state directory is warned of, since nothing may be stored in it', async () => {
    vi.stubEnv('STATE_DIRECTORY', join(folder, 'www'));
    try {
      const conf = 'server { listen 8080; root www; }';
      expect(await found(conf, { 'www/a.txt': '' })).toEqual(['warning exposed-file www 1']);
      vi.stubEnv('STATE_DIRECTORY', join(folder, 'state'));
      expect(await found(conf)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
  it('the default state directory is an error where a certificate is stored in it', async () => {
    vi.stubEnv('STATE_DIRECTORY', join(folder, 'www'));
    try {
      const conf = 'server { listen 8443 ssl; root www; ssl_certificate internal; }';
      expect(await found(conf, { 'www/a.txt': '' })).toEqual(['error exposed-key www 1']);
      vi.stubEnv('STATE_DIRECTORY', join(folder, 'state'));
      expect(await found(conf)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it.each([
    [
      'is hidden',
      'server { listen 8080; root www; auth_basic x; auth_basic_user_file www/.users; }',
      'www/.users',
    ],
    [
      'lies elsewhere',
      'server { listen 8080; root www; auth_basic x; auth_basic_user_file users; }',
      'users',
    ],
    [
      'has a location that refuses it',
      'server { listen 8080; root www; auth_basic x; auth_basic_user_file www/a.pw; location *.pw { return 404; } }',
      'www/a.pw',
    ],
    [
      'lies in a location that refuses it',
      'server { listen 8080; root www; auth_basic x; auth_basic_user_file www/in/a; location /in { return 404; } }',
      'www/in/a',
    ],
    [
      'is not served',
      'server { listen 8080; root www; static off; auth_basic x; auth_basic_user_file www/a; autoindex on; }',
      'www/a',
    ],
  ])('nothing is said of a file that %s', async (_, conf, file) => {
    expect(await found(conf, { [file]: KEY, 'www/x': '' })).toEqual([]);
  });

  it('hidden_files on makes names with a dot count', async () => {
    const conf =
      'server { listen 8080; root www; hidden_files on; auth_basic x; auth_basic_user_file www/.users; }';
    expect(await found(conf, { 'www/.users': 'ann:x' })).toEqual(['warning exposed-file .users 1']);
  });

  it('links count as what they lead to', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'www'));
    symlinkSync('real/users', join(folder, 'users'));
    const conf = 'server { listen 8080; root www; auth_basic x; auth_basic_user_file users; }';
    expect(await found(conf, { 'real/users': 'ann:x' })).toEqual(['warning exposed-file users 1']);
  });

  it('what the workers cannot read is not warned of', async () => {
    const conf =
      'user nobody;\nserver { listen 8080; root www; auth_basic x; auth_basic_user_file www/users; }';
    await found(conf, { 'www/users': 'ann:x' });
    chmodSync(join(folder, 'www/users'), 0o600);
    const builtins = builtinPlugins();
    const { diagnostics } = await loadConfig(join(folder, 'site.conf'), {
      builtins,
      entries: publicEntries(),
    });
    const codes = diagnostics.map(({ code }) => code);
    if (process.getuid?.() === 0) expect(codes).not.toContain('exposed-file');
  });
});
