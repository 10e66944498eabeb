import { chmod, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../free-port.js';
import { command } from './in-process.js';
import { asRoot, folderWith, serving, webserv } from './webserv.js';

/** Checks a configuration with these main directives by `-t`. */
async function checked(lines: string): Promise<{ code: number | null; stderr: string }> {
  const cwd = await folderWith({
    'a.conf': `${lines}\nserver { listen 127.0.0.1:0; return 204; }`,
    file: '',
    'www/a': '',
  });
  return command(['-t', 'a.conf'], { cwd });
}

describe('--test rejects configurations that a start would fail with', () => {
  it.each([
    [
      'error_log file/e.log warn;',
      '1:11: error[error-log]: the error log file/e.log cannot be written: file is a file',
    ],
    ['pid file/a.pid;', '1:5: error[pid-file]: the pid file file/a.pid cannot be written: file is a file'],
    ['pid www;', '1:5: error[pid-file]: the pid file www cannot be written: it is a directory'],
  ])('%s', async (line, message) => {
    const { code, stderr } = await checked(line);
    expect(stderr).toContain(`a.conf:${message}`);
    expect(code).toBe(1);
  });

  it('together with the errors of the language', async () => {
    const { stderr } = await checked('pid file/a.pid; wrokers 2;');
    expect(stderr).toContain('error[pid-file]');
    expect(stderr).toContain('did you mean "workers"?');
    expect(stderr).toContain('a.conf cannot be used: 2 errors');
  });

  it('but not for files that can be created', async () => {
    const { code, stderr } = await checked(`${asRoot}pid a.pid; error_log e.log;`);
    expect([code, stderr]).toEqual([0, expect.stringContaining('a.conf is fine: 1 server')]);
  });
});

describe('--test warns of', () => {
  it.each([
    [
      'error_log absent/e.log;',
      '1:11: warning[error-log]: the error log absent/e.log cannot be written: its directory',
    ],
    [
      'pid absent/a.pid;',
      '1:5: warning[pid-file]: the pid file absent/a.pid cannot be written: its directory',
    ],
  ])('a folder that may be made before the start: %s', async (line, message) => {
    const { code, stderr } = await checked(line);
    expect(stderr).toContain(`a.conf:${message}`);
    expect(code).toBe(0);
  });

  it('a local authority that could not be created, or is damaged, where a certificate of it is used', async () => {
    const cwd = await folderWith({
      file: '',
      'damaged/authority/1/certificate.pem': 'x',
      'plain.conf': 'state_dir file/state; server { listen 127.0.0.1:0; return 204; }',
    });
    for (const directory of ['damaged', 'damaged/authority', 'damaged/authority/1'])
      await chmod(join(cwd, directory), 0o700);
    const check = async (directory: string) => {
      const text = `${asRoot}\nstate_dir ${directory}; server { listen 127.0.0.1:0 ssl;\n ssl_certificate internal; return 204; }`;
      await writeFile(join(cwd, 'a.conf'), text);
      return command(['-t', 'a.conf'], { cwd });
    };
    for (const [directory, message] of [
      ['file/state', 'the local authority in'],
      ['damaged', 'the local authority cannot be used: '],
    ] as const) {
      const { code, stderr } = await check(directory);
      expect([code, stderr]).toEqual([
        0,
        expect.stringContaining(`a.conf:3:18: warning[certificate]: ${message}`),
      ]);
    }
    expect((await check('new/state')).stderr).toMatch(/^webserv: a\.conf is fine: 1 server/);
    expect((await command(['-t', 'plain.conf'], { cwd })).stderr).not.toContain('authority');
    expect(await readdir(cwd)).not.toContain('new');
  });

  // Started as root, the check asks the system itself, and these are errors.
  it('a user and a group that do not exist', async () => {
    const severity = process.getuid?.() === 0 ? 'error' : 'warning';
    expect((await checked('user root no-such-group;')).stderr).toContain(
      `a.conf:1:11: ${severity}[unknown-user]: there is no group "no-such-group"`,
    );
    expect((await checked('user no-such-user;')).stderr).toContain(
      `a.conf:1:6: ${severity}[unknown-user]: there is no user "no-such-user"`,
    );
  });
});

it('a start without the directory of the pid file is rejected, with the place', async () => {
  const cwd = await folderWith({
    'a.conf': `pid absent/a.pid;\nserver { listen 127.0.0.1:0; return 204; }\n${asRoot}`,
  });
  const { code, stderr } = await webserv(['a.conf'], { cwd });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^a\.conf:1:5: warning\[pid-file\][\s\S]*webserv: the pid file .* cannot be written/,
  );
});

it('workers are replaced even if the directory of the error log was deleted', async () => {
  const cwd = await folderWith({
    'a.conf': `error_log logs/e.log; server { listen 127.0.0.1:${await freePort()}; return 204; }`,
    'logs/keep': '',
  });
  const server = await serving(['a.conf'], { cwd });
  await rename(join(cwd, 'logs'), join(cwd, 'gone'));
  const { pid } = server.child;
  const children = async () =>
    (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number);
  // The worker that serves, and the standby worker that was started before.
  for (let round = 0; round < 3; round += 1) {
    await expect.poll(children).toHaveLength(2);
    const [oldest = 0] = await children();
    process.kill(oldest, 'SIGKILL');
    await expect.poll(children).not.toContain(oldest);
    const status = () => fetch(server.url).then((answer) => answer.status, String);
    await expect.poll(status).toBe(204);
  }
});
