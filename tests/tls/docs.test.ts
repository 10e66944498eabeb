import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../cli/in-process.js';
import { asRoot, folderWith, serving } from '../cli/webserv.js';
import { type Block, blocksOf } from '../docs/page.js';
import { freePort } from '../free-port.js';
import { Certificates } from './certificates.js';

const run = promisify(execFile);
const page = await readFile(fileURLToPath(new URL('../../docs/tls.md', import.meta.url)), 'utf8');
const section = (heading: string): readonly Block[] =>
  blocksOf(page.split(/^(?=## )/m).find((text) => text.startsWith(`## ${heading}\n`)) ?? '');
const configurations = blocksOf(page).filter(({ language }) => language === 'nginx');

/** Directives that name a file or directory on the page. */
const NAMED = /\b(root|ssl_\w+) (\/[^\s;]+);/g;

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  const names = ['example.org', '*.example.org', 'localhost'];
  await made.server('ecdsa', names);
  await made.server('rsa', names, { rsa: true });
  await made.authority('clients-ca');
  await made.revoke('clients.crl', 'clients-ca', []);
});
afterAll(() => made.remove());

/** Creates the files and directories that a configuration names, below a directory instead of `/`. */
async function below(directory: string, text: string): Promise<string> {
  for (const [, directive = '', path = ''] of text.matchAll(NAMED)) {
    const target = join(directory, path);
    await mkdir(directive === 'root' ? target : dirname(target), { recursive: true });
    const pair = path.includes('rsa') ? 'rsa' : 'ecdsa';
    if (directive === 'ssl_certificate') await copyFile(made.path(`${pair}.pem`), target);
    if (directive === 'ssl_certificate_key')
      await writeFile(target, await made.read(`${pair}.key`), { mode: 0o600 });
    if (directive === 'ssl_client_certificate') await copyFile(made.path('clients-ca.pem'), target);
    if (directive === 'ssl_crl') await copyFile(made.path('clients.crl'), target);
    if (directive === 'ssl_session_ticket_key') await writeFile(target, randomBytes(48));
  }
  return text.replaceAll(
    NAMED,
    (_match, directive: string, path: string) => `${directive} ${directory}${path};`,
  );
}

describe('docs/tls.md', () => {
  it.each(configurations.map(({ line, text }) => [line, text] as const))(
    'shows in line %i a configuration that is accepted without a warning',
    async (_line, text) => {
      const folder = await folderWith({ 'www/index.html': 'hello' });
      await writeFile(join(folder, 'a.conf'), `${asRoot}state_dir state;\n${await below(folder, text)}`);
      const { code, stderr } = await command(['--test', '--strict', 'a.conf'], { cwd: folder });
      expect([code, stderr]).toEqual([0, expect.stringContaining('a.conf is fine: ')]);
    },
  );

  it('shows commands for client certificates that do what it says', async () => {
    const blocks = section('Client certificates');
    const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
    const [authority = '', client = '', request = '', revocation = ''] = commands;
    const [plain, withList] = blocks.filter(({ language }) => language === 'nginx');
    const folder = await folderWith();
    const shell = (text: string) => run('sh', ['-e', '-c', text], { cwd: folder });
    await shell(authority + client);

    const port = await freePort();
    const statuses: string[] = [];
    for (const block of [plain, withList]) {
      const text = (await below(folder, block?.text ?? '')).replace('listen 443', `listen 127.0.0.1:${port}`);
      if (block === withList) await shell(revocation);
      for (const name of ['clients-ca.pem', 'clients.crl'])
        await copyFile(join(folder, name), join(folder, 'etc/webserv', name)).catch(() => undefined);
      await writeFile(join(folder, 'a.conf'), asRoot + text);
      const server = await serving(['a.conf'], { cwd: folder });
      const at = ` --silent --cacert ${made.path('ecdsa.pem')} --connect-to ::127.0.0.1:${port}`;
      const curl = request.trim().replace(/^curl/, `curl${at}`);
      for (const line of [curl, curl.replace(/ --cert \S+ --key \S+/, '')])
        statuses.push((await shell(line)).stdout);
      await server.stop();
    }
    const [accepted, without, revoked] = statuses;
    expect(accepted).toBe('SUCCESS CN=ann,O=Example\n');
    expect(page).toContain(`prints \`${accepted?.trim()}\``);
    expect(without).toContain('no client certificate was sent');
    expect(revoked).toContain('the client certificate is not accepted: certificate revoked');
    for (const reason of ['no client certificate was sent', 'the client certificate is not accepted:'])
      expect(page).toContain(`\`${reason}\``);
  });
});
