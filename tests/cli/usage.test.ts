import { describe, expect, it } from 'vitest';
import { hasColour } from '../../src/cli/terminal.js';
import { command, served } from './in-process.js';
import { folderWith, serving, webserv } from './webserv.js';

const subcommands = ['serve', 'init', 'explain', 'plugins', 'schema', 'trust', 'help'];

describe('help', () => {
  it('of webserv names every subcommand, flag and exit code, on stdout', async () => {
    const { code, stdout, stderr } = await webserv(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const name of subcommands) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const flag of ['-c, --config', '-p, --prefix', '-t, --test', '-T, --print-config', '-v,', '-V,']) {
      expect(stdout).toContain(flag);
    }
    expect(stdout).toContain('exit codes: 0');
  });

  it.each(subcommands)('of %s is the same by --help and by help', async (name) => {
    const byFlag = await command([name, '--help']);
    const byName = await command(['help', name]);
    expect(byFlag.code).toBe(0);
    expect(byFlag.stdout).toMatch(new RegExp(`^webserv ${name}: .*\n\nusage: webserv ${name}`));
    expect(byName).toEqual(byFlag);
  });

  it.each([
    ['reload', 'did you mean "webserv -s reload"?'],
    ['test', 'did you mean "webserv --test"?'],
    ['run', 'did you mean "webserv"?'],
    ['plugin', 'did you mean "plugins"?'],
  ])('of the word "%s", which is a subcommand elsewhere, is what it is here', async (word, hint) => {
    const { code, stderr } = await command([word], { cwd: await folderWith() });
    expect([code, stderr]).toEqual([2, expect.stringContaining(hint)]);
  });

  it('is printed even if a required argument is missing', async () => {
    expect((await command(['explain', '-h'])).code).toBe(0);
  });
});

describe('versions', () => {
  it('-v is the version, -V also that of Node, the platform and the built-in plugins', async () => {
    expect((await command(['-v'])).stdout).toMatch(/^webserv \d+\.\d+\.\d+\n$/);
    const { code, stdout } = await command(['-V']);
    expect(code).toBe(0);
    expect(stdout).toContain(process.versions.node);
    expect(stdout).toContain(process.platform);
    expect(stdout).toMatch(/plugins: .*static/);
  });
});

describe('an error in the command line is exit 2, with nothing on stdout', () => {
  it.each([
    [['--confg', 'x.conf'], 'did you mean --config?'],
    [['--print-confg'], 'did you mean --print-config?'],
    [['serv'], 'did you mean "serve"?'],
    [['plugin', '--config', 'x'], 'did you mean "plugins"?'],
    [['help', 'explian'], 'did you mean "explain"?'],
    [['serve', '--uplaod'], 'did you mean --upload?'],
    [['serve', '--prot=1'], 'did you mean --port?'],
    [['init', '--test'], 'webserv init --help'],
    [['--config'], 'usage: --config FILE'],
    [['-c'], 'usage: -c FILE'],
    [['--test=yes'], '--test does not take a value'],
    [['-c', 'a.conf', 'b.conf'], 'expected one configuration, got two'],
    [['-c', 'a.conf', '-c', 'b.conf'], 'given twice'],
    [['trust', '--install', '--uninstall'], 'exclude each other'],
    [['trust', 'localhost'], 'unexpected argument: localhost'],
    [['serve', 'sites', 'docs'], 'unexpected argument: docs'],
    [['serve', 'no-such-directory'], 'no-such-directory is not a directory'],
    [['serve', '--port', '80800'], 'expected a port'],
    [['sites'], 'webserv serve sites'],
    [['-t', '--prefix', 'no-such-directory'], 'no-such-directory is not a directory'],
    [['explain'], 'explain needs a URL'],
    [['explain', 'ftp://localhost/'], 'only http and https are supported'],
    [['explain', 'http://:80/'], 'is not a URL'],
    [['explain', '/', '-X', 'G T'], 'is not a method'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await command(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});

describe('the configuration', () => {
  const conf = 'server { listen 127.0.0.1:0; return 200 here; }';

  it('is the file given alone', async () => {
    const cwd = await folderWith({ config: conf });
    const server = await serving(['config'], { cwd });
    expect(await (await fetch(server.url)).text()).toBe('here');
    expect((await server.stop()).code).toBe(0);
  });

  it.each([['a.conf'], ['sub/config']])('is the file %s given alone', async (name) => {
    const cwd = await folderWith({ [name]: conf });
    await using server = await served([name], { cwd });
    expect(await (await server.fetch('/')).text()).toBe('here');
  });

  it('is webserv.conf of the directory when none is given', async () => {
    const cwd = await folderWith({ 'webserv.conf': conf });
    await using server = await served([], { cwd });
    expect(await (await server.fetch('/')).text()).toBe('here');
  });

  it('that is missing is exit 1, with alternatives', async () => {
    const { code, stderr } = await command([], { cwd: await folderWith() });
    expect(code).toBe(1);
    expect(stderr).toContain('webserv init');
    expect(stderr).toContain('webserv serve');
  });

  it('with errors is exit 1, with each of them and their number', async () => {
    const cwd = await folderWith({ 'a.conf': 'server { listen 8080; listn 8081; root a; root b; }' });
    const { code, stdout, stderr } = await webserv(['a.conf'], { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('a.conf:1:23: error[unknown-directive]');
    expect(stderr).toContain('webserv: a.conf cannot be used: 2 errors, 1 warning');
  });
});

describe('--prefix', () => {
  const files = {
    'conf/site.conf': 'server { listen 127.0.0.1:0; root www; }',
    'www/index.html': 'from the prefix',
    'conf/www/index.html': 'from the directory of the configuration',
  };

  it('is what --config and the paths of a configuration without server_dir start from', async () => {
    const prefix = await folderWith(files);
    const server = await serving(['--prefix', prefix, '--config', 'conf/site.conf']);
    expect(await (await fetch(server.url)).text()).toBe('from the prefix');
  });

  it('by default is the directory of the configuration', async () => {
    await using server = await served(['conf/site.conf'], { cwd: await folderWith(files) });
    expect(await (await server.fetch('/')).text()).toBe('from the directory of the configuration');
  });

  it('is where the configuration is looked for when none is named', async () => {
    const prefix = await folderWith({
      'webserv.yaml': 'server: { listen: 127.0.0.1:0, return: [200, yaml] }',
    });
    await using server = await served(['-p', prefix]);
    expect(await (await server.fetch('/')).text()).toBe('yaml');
  });
});

describe('colour', () => {
  it('is for a terminal only', () => {
    expect(hasColour({ isTTY: true }, { TERM: 'xterm' })).toBe(true);
    expect(hasColour({ isTTY: false }, { TERM: 'xterm' })).toBe(false);
    expect(hasColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  });

  it('is refused by NO_COLOR and forced by FORCE_COLOR, which wins', () => {
    expect(hasColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(hasColour({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
    expect(hasColour({ isTTY: false }, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(true);
    expect(hasColour({ isTTY: true }, { FORCE_COLOR: '0' })).toBe(false);
  });

  it('of diagnostics follows it', async () => {
    const cwd = await folderWith({ 'a.conf': 'nonsense;' });
    const plain = await command(['-t', 'a.conf'], { cwd });
    const coloured = await command(['-t', 'a.conf'], { cwd, environment: { FORCE_COLOR: '1' } });
    expect(plain.stderr).not.toContain('\u001b[');
    expect(coloured.stderr).toContain('\u001b[1m\u001b[31merror[unknown-directive]\u001b[39m\u001b[22m');
  });
});
