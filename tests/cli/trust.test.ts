import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type TrustAction, trustOn } from '../../src/cli/run/trust.js';
import { redirectOutput } from '../../src/cli/terminal.js';
import type { Machine } from '../../src/cli/trust/machine.js';
import { command } from './in-process.js';
import { folderWith } from './webserv.js';

const DEBIAN = '/usr/local/share/ca-certificates';
const NAME = /webserv-local-authority-[0-9a-f]{8}/;

/** A certutil that keeps the certificate of each nickname in a file of the database's directory. */
const CERTUTIL = `#!/bin/sh
dir=\${2#sql:}
case $3 in
  -L) test -e "$dir/$5" || { echo "certutil: Could not find cert: $5" >&2; exit 255; } ;;
  -A) test "$4 $5" = "-t C,," && cat > "$dir/$7" ;;
  -D) rm "$dir/$5" ;;
esac
`;

let root = '';
let machine: Machine;
beforeEach(async () => {
  root = await folderWith();
  machine = { root, home: join(root, 'home'), path: [join(root, 'bin')], uid: userOf(root), isRoot: true };
});
afterEach(() => redirectOutput(undefined));

const userOf = (path: string): number => lstatSync(path).uid;
const state = (): string => join(root, 'state');
const authority = (generation = 1): string => join(state(), `authority/${generation}/certificate.pem`);
const namesIn = (directory: string): readonly string[] => readdirSync(root + directory);

function program(name: string, script: string): void {
  mkdirSync(join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'bin', name), script);
  chmodSync(join(root, 'bin', name), 0o755);
}

/** A program that records its arguments in a file with its name. */
const recorded = (name: string, end = ''): void =>
  program(name, `#!/bin/sh\necho "$@" >> ${join(root, name)}\n${end}`);
const runsOf = (name: string): string => readFileSync(join(root, name), 'utf8');

function database(directory: string): string {
  const path = join(machine.home, directory);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'cert9.db'), '');
  return path;
}

function debian(): void {
  mkdirSync(root + DEBIAN, { recursive: true });
  recorded('update-ca-certificates');
}

async function run(action: TrustAction, on: Machine = machine) {
  let stdout = '';
  let stderr = '';
  redirectOutput({ write: (text) => (stdout += text), colour: false });
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  try {
    const code = await trustOn(on, { stateDirectory: state(), account: undefined }, action);
    return { code, stdout: stdout.replace(new RegExp(NAME, 'g'), 'NAME'), stderr };
  } finally {
    spy.mockRestore();
  }
}

describe('webserv trust', () => {
  it('prints what it would do, and changes nothing', async () => {
    debian();
    const chromium = database('.pki/nssdb');
    program('certutil', CERTUTIL);
    const { code, stdout, stderr } = await run('show', { ...machine, isRoot: false });
    expect([code, stderr]).toEqual([
      0,
      'webserv: nothing was changed; to do this: webserv trust --install\n',
    ]);
    expect(stdout).toBe(
      `authority: ${authority()} (--install creates it)\n\n` +
        'system: only root can change it\n' +
        `  sudo install -m 0644 ${authority()} ${root}${DEBIAN}/NAME-1.crt\n` +
        '  sudo update-ca-certificates\n\n' +
        `Chromium, ${chromium}:\n` +
        `  certutil -d 'sql:${chromium}' -A -t 'C,,' -n NAME -i ${authority()}\n\n` +
        'Node.js, in the environment of a program:\n' +
        `  export NODE_EXTRA_CA_CERTS=${authority()}\n\n` +
        'phones and other machines: install this file there as the certificate of an authority:\n' +
        `  ${authority()}\n`,
    );
    expect([existsSync(state()), namesIn(DEBIAN), readdirSync(chromium)]).toEqual([false, [], ['cert9.db']]);
  });

  it('shows how to create a database for Chromium where no browser has one', async () => {
    debian();
    const { stdout } = await run('show');
    const directory = join(machine.home, '.pki/nssdb');
    expect(stdout).toContain(
      `\n\nbrowsers: no database of Chromium or Firefox in ${machine.home}; start the browser once, or, for Chromium:\n` +
        `  mkdir -p ${directory}\n  certutil -d 'sql:${directory}' -N --empty-password\n\nNode.js`,
    );
    database('.pki/nssdb');
    expect((await run('show')).stdout).not.toContain('browsers:');
  });

  it('names the copy that all users can read to root, whose state directory is closed', async () => {
    debian();
    const { stdout } = await run('show');
    expect(stdout).toContain(`\n  install -m 0644 `);
    expect(stdout).toContain(`export NODE_EXTRA_CA_CERTS=${root}${DEBIAN}/NAME-1.crt\n`);
  });

  it('--install creates the authority and installs it everywhere, again without a change', async () => {
    debian();
    program('certutil', CERTUTIL);
    const profile = database('.mozilla/firefox/abc.default');
    const chromium = database('.pki/nssdb');
    mkdirSync(join(machine.home, '.mozilla/firefox/Crash Reports'));
    for (const runs of [1, 2]) {
      const { code, stdout, stderr } = await run('install');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(
        `system: installed\nChromium, ${chromium}: installed\nFirefox, ${profile}: installed\n`,
      );
      const pem = readFileSync(authority(), 'utf8');
      const [copy = '', ...others] = namesIn(DEBIAN);
      expect(others).toEqual([]);
      expect(copy).toMatch(/^webserv-local-authority-\w{8}-1\.crt$/);
      expect(readFileSync(join(root + DEBIAN, copy), 'utf8')).toBe(pem);
      expect(lstatSync(join(root + DEBIAN, copy)).mode & 0o777).toBe(0o644);
      for (const directory of [profile, chromium])
        expect(readFileSync(join(directory, copy.replace('-1.crt', '')), 'utf8')).toBe(pem);
      expect(runsOf('update-ca-certificates')).toBe('\n'.repeat(runs));
    }
  });

  it('--uninstall removes it everywhere, also when the authority was deleted', async () => {
    debian();
    program('certutil', CERTUTIL);
    const chromium = database('.pki/nssdb');
    await run('install');
    writeFileSync(join(root + DEBIAN, 'other-1.crt'), '');
    writeFileSync(authority(), '');
    expect(await run('uninstall')).toEqual({
      code: 0,
      stdout: `system: removed\nChromium, ${chromium}: removed\n`,
      stderr: '',
    });
    expect([namesIn(DEBIAN), readdirSync(chromium)]).toEqual([['other-1.crt'], ['cert9.db']]);
    expect(runsOf('update-ca-certificates')).toBe('\n\n');
    const { code, stdout } = await run('uninstall');
    expect([code, stdout]).toEqual([
      0,
      `system: was not installed\nChromium, ${chromium}: was not installed\n`,
    ]);
  });

  it('goes on after a step that failed, says why and how to do it, and exits with 1', async () => {
    debian();
    recorded('update-ca-certificates', 'echo "the disk is full" >&2; echo more >&2; exit 3');
    const broken = database('.mozilla/firefox/broken');
    const fine = database('.mozilla/firefox/fine');
    program(
      'certutil',
      `${CERTUTIL}\ncase $dir in *broken) echo "certutil: SEC_ERROR_BAD_DATABASE" >&2; exit 1; esac`,
    );
    const installed = await run('install');
    expect([installed.code, installed.stderr]).toEqual([1, 'webserv: 2 of 3 stores failed\n']);
    expect(installed.stdout).toContain(
      `system: failed: the disk is full\n  install -m 0644 ${authority()} ${root}${DEBIAN}/NAME-1.crt\n  update-ca-certificates\n` +
        `Firefox, ${broken}: failed: certutil: SEC_ERROR_BAD_DATABASE\n  certutil -d 'sql:${broken}' -A`,
    );
    expect(installed.stdout).toContain(`Firefox, ${fine}: installed\n`);
    const removed = await run('uninstall', { ...machine, path: [] });
    expect(removed.stdout).toBe(
      'system: was not installed\n' +
        [broken, fine]
          .map((path) => `Firefox, ${path}: failed: ${MISSING}\n  certutil -d 'sql:${path}' -D -n NAME\n`)
          .join(''),
    );
  });

  it('without root prints the commands with sudo, and runs none of them', async () => {
    debian();
    recorded('sudo');
    const { code, stdout } = await run('install', { ...machine, isRoot: false });
    expect(code).toBe(1);
    expect(stdout).toContain('system: failed: only root can change it\n  sudo install -m 0644 ');
    expect([namesIn(DEBIAN), existsSync(join(root, 'sudo')), existsSync(authority())]).toEqual([
      [],
      false,
      true,
    ]);
  });

  it('leaves the databases of another user alone', async () => {
    debian();
    program('certutil', CERTUTIL);
    const chromium = database('.pki/nssdb');
    const { code, stdout } = await run('install', { ...machine, uid: machine.uid + 1 });
    expect(code).toBe(1);
    expect(stdout).toContain(
      `failed: it belongs to user ${machine.uid}, and can only be changed by that user\n`,
    );
    expect(readdirSync(chromium)).toEqual(['cert9.db']);
  });

  it.each([
    ['Red Hat', '/etc/pki/ca-trust/source/anchors', 'pem', ['update-ca-trust', 'extract']],
    ['Arch', '/etc/ca-certificates/trust-source/anchors', 'crt', ['trust', 'extract-compat']],
    ['SUSE', '/usr/share/pki/trust/anchors', 'pem', ['update-ca-certificates']],
    ['Debian', DEBIAN, 'crt', ['update-ca-certificates']],
  ])('knows the store of %s', async (_, directory, extension, [name = '', ...args]) => {
    mkdirSync(root + directory, { recursive: true });
    recorded(name);
    expect((await run('install')).code).toBe(0);
    expect(namesIn(directory)).toEqual([expect.stringMatching(new RegExp(`-1\\.${extension}$`))]);
    expect(runsOf(name)).toBe(`${args.join(' ')}\n`);
  });

  it('fails on a system that it does not know, and names the file', async () => {
    const { code, stdout } = await run('install');
    expect(code).toBe(1);
    expect(stdout).toContain(`system: failed: found no store that webserv knows; install ${authority()} `);
    expect((await run('uninstall')).code).toBe(0);
  });

  it('replaces the certificate of an authority that was renewed', async () => {
    debian();
    program('certutil', CERTUTIL);
    const chromium = database('.pki/nssdb');
    await run('install');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 365.2 * 86_400_000 });
    const { code, stderr } = await run('install').finally(() => vi.useRealTimers());
    expect([code, stderr]).toEqual([0, expect.stringContaining('was renewed with a new key')]);
    const [copy = '', ...others] = namesIn(DEBIAN);
    expect([copy.slice(-6), others]).toEqual(['-2.crt', []]);
    expect(readFileSync(join(chromium, copy.replace('-2.crt', '')), 'utf8')).toBe(
      readFileSync(authority(2), 'utf8'),
    );
  });

  it('fails with one line for an authority that cannot be used', async () => {
    debian();
    await run('install');
    writeFileSync(authority(), 'half');
    for (const action of ['show', 'install'] as const) {
      const { code, stdout, stderr } = await run(action);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        /^webserv: the local authority cannot be used: .*certificate\.pem: it is incomplete[^\n]*\n$/,
      );
    }
  });
});

describe('the state directory of webserv trust', () => {
  it('is that of the configuration', async () => {
    const cwd = await folderWith({ 'a.conf': 'state_dir state; server { listen 8080; return 200 x; }' });
    const { code, stdout } = await command(['trust', '--config', 'a.conf'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain(`authority: ${cwd}/state/authority/1/certificate.pem (--install creates it)\n`);
  });

  it('is the default one without a configuration', async () => {
    const cwd = await folderWith();
    const { code, stdout } = await command(['trust'], { cwd, environment: { STATE_DIRECTORY: cwd } });
    expect(code).toBe(0);
    expect(stdout).toContain(`authority: ${cwd}/authority/1/certificate.pem`);
  });

  it('is not known for a configuration with errors', async () => {
    const cwd = await folderWith({ 'a.conf': 'state_dir state; server { listn 8080; }' });
    const { code, stderr } = await command(['trust', '--install', '--config', 'a.conf'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('a.conf cannot be used');
    expect(readdirSync(cwd)).toEqual(['a.conf']);
  });
});

const MISSING = 'certutil is not installed (apt install libnss3-tools, dnf install nss-tools, pacman -S nss)';
