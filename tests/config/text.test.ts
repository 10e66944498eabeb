import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/kernel/config/files/load.js';
import { folderWith as cliFolderWith, webserv } from '../cli/webserv.js';

async function folderWith(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'webserv-text-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a text that is not UTF-8 is an error with its place', () => {
  it.each([
    ['a.conf', 'server {\n  listen 80;\n  # Café\n}', '3:8'],
    ['a.conf', 'é', '1:1'],
    ['a.yaml', 'server:\n  listen: 80\n  root: Café', '3:12'],
    ['a.json', '{"server":{"listen":80,"root":"Café"}}', '1:35'],
    ['a.ts', '// Café\nexport default { server: { listen: 80 } };', '1:7'],
    ['a.mjs', 'export default { server: { listen: 80, root: "Café" } };', '1:50'],
  ])('%s', async (name, text, place) => {
    const folder = await folderWith({ [name]: latin1(text) });
    const { config, diagnostics } = await loadConfig(join(folder, name), { builtins: [] });
    expect(config).toBeUndefined();
    const found = diagnostics.map(({ code, message, place: at }) => [
      code,
      message,
      `${at?.line}:${at?.column}`,
    ]);
    expect(found).toEqual([['not-utf8', 'the byte 0xE9 is not UTF-8', place]]);
  });

  it('in an included file, with how it is reached', async () => {
    const folder = await folderWith({
      'a.conf': 'include b.conf;\ninclude c/*.conf;\nserver { listen 80; }',
      'b.conf': latin1('# ok\n# \xff'),
      'c/d.conf': latin1('# \xc3('),
    });
    const { diagnostics } = await loadConfig(join(folder, 'a.conf'), { builtins: [] });
    expect(diagnostics.map(({ code, place, related }) => [code, place?.line, related?.length])).toEqual([
      ['not-utf8', 2, 1],
      ['not-utf8', 1, 1],
    ]);
  });

  it('in the file of a plugin', async () => {
    const folder = await folderWith({
      'a.conf': 'load_plugin ./p.ts;\nserver { listen 80; }',
      'p.ts': latin1('// Café'),
    });
    const { diagnostics } = await loadConfig(join(folder, 'a.conf'), { builtins: [] });
    expect(diagnostics.map(({ code }) => code)).toEqual(['not-utf8']);
  });

  it.each([
    ['cut short', Buffer.from('# \xf0\x9f\x8c', 'latin1'), '1:3'],
    ['a surrogate', Buffer.from('# \xed\xa0\x80', 'latin1'), '1:3'],
    ['an overlong slash', Buffer.from('# \xc0\xaf', 'latin1'), '1:3'],
    [
      'after a replacement character of its own',
      Buffer.concat([Buffer.from('# \ufffd\n#'), latin1('é')]),
      '2:2',
    ],
    ['UTF-16', Buffer.from('\ufeffserver { }', 'utf16le'), '1:1'],
  ])('%s', async (_what, bytes, place) => {
    const folder = await folderWith({ 'a.conf': bytes });
    const { diagnostics } = await loadConfig(join(folder, 'a.conf'), { builtins: [] });
    expect(diagnostics.map(({ code, place: at }) => [code, `${at?.line}:${at?.column}`])).toEqual([
      ['not-utf8', place],
    ]);
  });

  it.each(['fifo.conf', 'fifo.ts', 'directory.ts', 'zero.ts', 'large.ts', 'plugin.conf'])(
    'what is no file is an error, and is not waited for: %s',
    async (name) => {
      const folder = await folderWith({
        'directory.ts/x': '',
        'plugin.conf': 'load_plugin ./fifo.ts; server { listen 80; }',
        'large.ts': '',
      });
      for (const fifo of ['fifo.conf', 'fifo.ts']) {
        await promisify(execFile)('mkfifo', [join(folder, fifo)]);
      }
      await truncate(join(folder, 'large.ts'), 10 * 1024 ** 3);
      await symlink('/dev/zero', join(folder, 'zero.ts'));
      const { config, diagnostics } = await loadConfig(join(folder, name), { builtins: [] });
      expect(config).toBeUndefined();
      expect(diagnostics.map(({ message }) => message)).toEqual([
        expect.stringMatching(/is not a file|is larger than/),
      ]);
    },
  );

  it('a replacement character that stands in the text is text', async () => {
    const folder = await folderWith({ 'a.conf': '# \ufffd\nserver { listen 80; }' });
    expect((await loadConfig(join(folder, 'a.conf'), { builtins: [] })).diagnostics).toEqual([]);
  });
});

describe('what the pattern of an include passes over is a warning', () => {
  it('links that lead nowhere, or in a circle; not one that leads to a directory', async () => {
    const folder = await folderWith({
      'a.conf': 'include sites/*.conf;\nserver { listen 80; }',
      'sites/good.conf': '',
    });
    await symlink('gone', join(folder, 'sites/dangling.conf'));
    await symlink('circle.conf', join(folder, 'sites/circle.conf'));
    await symlink('.', join(folder, 'sites/directory.conf'));
    await symlink('gone', join(folder, 'sites/other'));
    await symlink('good.conf', join(folder, 'sites/link.conf'));
    const { config, diagnostics } = await loadConfig(join(folder, 'a.conf'), { builtins: [] });
    expect(config?.servers).toHaveLength(1);
    const at = (name: string) => join(folder, 'sites', name);
    expect(diagnostics.map(({ severity, message, place }) => [severity, message, place?.line])).toEqual([
      ['warning', `the link ${at('circle.conf')} leads to circle.conf, which is not there`, 1],
      ['warning', `the link ${at('dangling.conf')} leads to gone, which is not there`, 1],
    ]);
  });

  it('directories that cannot be read: the last one, and one on the way', async () => {
    const cwd = await cliFolderWith({
      'a.conf':
        'include closed/*.conf;\ninclude sites/*/site.conf;\nserver { listen 127.0.0.1:0; return 200; }',
      'closed/a.conf': '',
      'sites/open/site.conf': '',
      'sites/closed/site.conf': '',
    });
    await chmod(cwd, 0o755);
    await chmod(join(cwd, 'closed'), 0);
    await chmod(join(cwd, 'sites/closed'), 0);
    const isRoot = process.getuid?.() === 0;
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { code, stderr } = await webserv(['-t', 'a.conf'], { cwd, through: isRoot ? nobody : [] });
    await promisify(execFile)('chmod', ['-R', 'u+rwx', cwd]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('2 warnings')]);
    expect(stderr).toContain(
      `a.conf:1:9: warning[include-passed-over]: the directory ${cwd}/closed cannot be read: EACCES`,
    );
    expect(stderr).toContain(
      `a.conf:2:9: warning[include-passed-over]: the directory ${cwd}/sites/closed cannot be read: EACCES`,
    );
  });

  it('a directory that is not there has no files: nothing is said', async () => {
    const folder = await folderWith({ 'a.conf': 'include none/*.conf;\nserver { listen 80; }' });
    expect((await loadConfig(join(folder, 'a.conf'), { builtins: [] })).diagnostics).toEqual([]);
  });
});
