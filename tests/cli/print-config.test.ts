import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { builtinPlugins, publicEntries } from '../../src/builtin.js';
import { effectiveConfig } from '../../src/inspect/effective.js';
import { printConfig } from '../../src/inspect/print.js';
import type { CompiledConfig } from '../../src/kernel/config/compile/compiled-config.js';
import { type LoadResult, loadConfig, loadConfigText } from '../../src/kernel/config/files/load.js';
import { renderDiagnostics } from '../../src/kernel/diagnostics/render.js';
import { anyConfiguration } from './any-configuration.js';
import { command, served } from './in-process.js';
import { meaning } from './meaning.js';
import { asRoot, folderWith, repository, webserv } from './webserv.js';

const entries = publicEntries();

const builtins = builtinPlugins();
/** Its value contains text that looks like a reference, an escape or a quote, and is none of them. */
const environment = { NAME: `a $$b "c" \\d $\${HOME}` };

interface Loaded {
  readonly config: CompiledConfig;
  readonly printed: string;
}

function printed({ config, source, diagnostics }: LoadResult): Loaded {
  if (config === undefined || source === undefined) throw new Error(renderDiagnostics(diagnostics));
  return { config, printed: printConfig(effectiveConfig(config, source), 'test.conf') };
}

async function ofText(text: string, { base = '/srv/site', file = 'test.conf' } = {}): Promise<Loaded> {
  return printed(await loadConfigText(text, { file, base, builtins, environment }));
}

/** The directives without the comments that show the place of each. */
function directivesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .slice(2)
    .map((line) => line.replace(/ +# (?:default|(?:[^#"]|"[^"]*")*:\d+:\d+)(?:, shared)?$/, '').trimEnd());
}

/** Checks that the output, read again in another directory, has the same meaning and gives the same output. */
async function expectRoundTrip(first: Loaded): Promise<void> {
  const second = await ofText(first.printed, { base: '/elsewhere' });
  // With node:assert, because `expect` takes longer than loading.
  assert.deepEqual(meaning(second.config), meaning(first.config));
  assert.deepEqual(directivesOf(second.printed), directivesOf(first.printed));
}

describe('what --print-config prints is a configuration of the same server', () => {
  it.each(['sites/main.conf', 'tests/school/school.conf', 'deploy/webserv.conf'])('for %s', async (file) => {
    await expectRoundTrip(printed(await loadConfig(join(repository, file), { builtins, entries })));
  });

  it('for one with a limit that blocks share, and blocks with one of their own', async () => {
    await expectRoundTrip(
      await ofText(`
        cgi_max_processes 7;
        server {
          listen 80; root www; cgi .py python3;
          location /a { }
          location /b { cgi_max_processes 7; location /b/c { } }
        }
        server { listen 81; cgi_max_processes 7; return 301 /a; location /d { } }
      `),
    );
  });

  it('for lists that are added up, which would grow if they were written twice', async () => {
    const directory = await folderWith({
      'adding.mjs': `
        import { argument, definePlugin, list, map } from '@webserv/server';
        const everywhere = ['main', 'server', 'location'];
        export default definePlugin({
          name: 'adding',
          directives: {
            add: list(argument.text, { in: everywhere, default: ['first'], inherit: 'merge', help: 'x' }),
            put: map(argument.template, { in: everywhere, default: new Map(), inherit: 'merge', help: 'x' }),
            only: list(argument.text, { in: everywhere, default: ['none'], inherit: 'none', help: 'x' }),
          },
        });`,
      'a.conf': `
        load_plugin ./adding.mjs;
        add a b; add c; put x 1; only here;
        server { listen 80; add d; put x 2; put y $uri; location / { add e; } location /a { only there; } }
        server { listen 81; }`,
    });
    await expectRoundTrip(printed(await loadConfig(join(directory, 'a.conf'), { builtins, entries })));
  });

  it('for one in YAML, with words that need quotes and variables of the environment', async () => {
    await expectRoundTrip(
      await ofText(
        `
        server:
          listen: 80
          root: "my www"
          return: [200, "a;\\tb{c}\\n#d \\"e\\" 'f' $uri \${NAME} \\\\n"]
          location: { "= /a b": { }, "/ü{}": { index: "i n.html" } }
        `,
        { file: 'test.yaml' },
      ),
    );
  });

  it('for every configuration of the documentation', async () => {
    for (const page of ['configuration.md', 'from-nginx.md', 'operations.md', 'tls.md']) {
      const text = await readFile(join(repository, 'docs', page), 'utf8');
      for (const [, block = ''] of text.matchAll(/```nginx\n([\s\S]*?)```/g)) {
        const wrapped = /^\s*server \{/m.test(block) ? block : `server { listen 80; ${block} }`;
        const loaded = await loadConfigText(wrapped, { file: 'x.conf', base: '/srv', builtins, environment });
        if (loaded.config !== undefined) await expectRoundTrip(printed(loaded));
      }
    }
  });

  it('for error pages and fields that inner blocks add to', async () => {
    await expectRoundTrip(
      await ofText(`
        error_page 404 /a;
        server {
          listen 80; error_page 500 /b; add_header X-A 1; add_header X-B 2; cgi_env A 1;
          location /a { error_page 404 /c; add_header X-A 3; cgi_env A 1; location /a/b { add_header X-C 4; } }
        }
      `),
    );
  });

  it('for any configuration', async () => {
    await fc.assert(
      fc.asyncProperty(anyConfiguration, async (text) => expectRoundTrip(await ofText(text))),
      { numRuns: 100 },
    );
  });
});

describe('--print-config', () => {
  it('shows the place of each value, or that it is a default', async () => {
    const cwd = await folderWith({
      'webserv.conf': [
        'client_max_body_size 2m;',
        'server {',
        '  listen 8080;',
        '  root www;',
        '  include more.conf;',
        `}${asRoot}`,
      ].join('\n'),
      'more.conf': 'location /a {\n  autoindex on;\n}\n',
      'www/index.html': '',
    });
    const { code, stdout, stderr } = await command(['-T'], { cwd });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^webserv: webserv\.conf is fine: 1 server, 1 location, checked in \d+ ms\n$/);
    const lines = stdout.split('\n').map((line) => line.replace(/ +/g, ' ').trim());
    expect(lines).toContain(`server_dir ${cwd}; # default`);
    expect(lines).toContain('client_max_body_size 2m; # webserv.conf:1:1');
    expect(lines).toContain('server { # webserv.conf:2:1');
    expect(lines).toContain('listen 8080; # webserv.conf:3:3');
    expect(lines).toContain('autoindex off; # default');
    // The location has its own directives, inherited ones, and the root, which maps the server's prefix.
    const location = lines.slice(lines.indexOf('location /a { # more.conf:1:1'));
    expect(location).toContain('autoindex on; # more.conf:2:3');
    expect(location).toContain('client_max_body_size 2m; # webserv.conf:1:1');
    expect(location).toContain('# root www; # webserv.conf:4:3, shared');
  });

  it('prints a configuration that serves the same when it is saved elsewhere', async () => {
    const cwd = await folderWith({
      'site/webserv.conf': 'server { listen 127.0.0.1:0; root www; location /a { return 200 $uri; } }',
      'site/www/index.html': 'hello',
      'other/.keep': '',
    });
    await using server = await served(['site/webserv.conf'], { cwd });
    expect(await (await server.fetch('/')).text()).toBe('hello');
    expect(await (await server.fetch('/a/b')).text()).toBe('/a/b');
  });

  it('prints nothing for a configuration with errors', async () => {
    const cwd = await folderWith({ 'a.conf': 'server { listen 8080; nonsense; }' });
    const { code, stdout, stderr } = await command(['-T', 'a.conf'], { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('unknown directive "nonsense"');
  });

  it('prints 1,000 servers of 20 locations each', async () => {
    const location = (at: number) => `location /l${at} { client_max_body_size ${at + 1}m; }`;
    const locations = Array.from({ length: 20 }, (_, at) => location(at)).join('\n');
    const servers = Array.from(
      { length: 10 },
      (_, at) => `server { listen 80; server_name s${at}; root w; ${locations} }`,
    );
    const { config, source } = await loadConfigText(servers.join('\n'), {
      file: 'x.conf',
      base: '/srv',
      builtins,
    });
    if (config === undefined || source === undefined) throw new Error('no configuration');
    const { blocks, ...main } = effectiveConfig(config, source);
    const text = printConfig({ ...main, blocks: Array.from({ length: 100 }, () => blocks).flat() }, 'x.conf');
    expect(text.match(/^ {4}location/gm)).toHaveLength(20_000);
    // A function cannot be called with as many arguments.
    expect(text.split('\n').length).toBeGreaterThan(130_000);
  });
});

describe('a reader that closes the pipe', () => {
  it('is not an error', async () => {
    const command = `'${process.execPath}' dist/src/cli/main.js -T sites/main.conf | head -n 1`;
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command], { cwd: repository });
    expect(stdout).toMatch(/^# What sites\/main\.conf configures.*\n$/);
    expect(stderr).not.toContain('EPIPE');
  });
});

describe('--test', () => {
  it('of a valid configuration is exit 0 and reports its time, on stderr', async () => {
    const { code, stdout, stderr } = await command(['--test', 'sites/main.conf']);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(
      /sites\/main\.conf is fine(?: \(1 warning\))?: 3 servers, \d+ locations, checked in \d+ ms/,
    );
  });

  it('shows warnings, and is exit 0 with them', async () => {
    const cwd = await folderWith({ 'a.conf': `server { listen 8080; root www; }\n${asRoot}` });
    const { code, stderr } = await command(['-t', 'a.conf'], { cwd });
    expect(code).toBe(0);
    expect(stderr).toContain('a.conf:1:23: warning[missing-root]');
    expect(stderr).toContain('a.conf is fine (1 warning)');
  });

  it('with --strict is exit 1 with warnings, of the loader and of plugins', async () => {
    const cwd = await folderWith({
      'a.conf': `${asRoot}sendfile on; server { listen 8080; return 200; }`,
      'b.conf': `${asRoot}server { listen 8080; return 200; }`,
      'c.conf': `${asRoot}server { listen 8080; location /a { } }`,
    });
    for (const [file, code] of [
      ['a.conf', 1],
      ['b.conf', 0],
      ['c.conf', 1],
    ] as const) {
      const strict = await command(['--test', '--strict', file], { cwd });
      expect([strict.code, strict.stdout]).toEqual([code, '']);
      if (code === 1) expect(strict.stderr).toContain('1 warning, and --strict does not allow any');
      expect((await command(['--test', file], { cwd })).code).toBe(0);
    }
    expect((await command(['--strict', 'a.conf'], { cwd })).code).toBe(2);
  });

  it('is exit 1 for errors that only a plugin finds', async () => {
    const cwd = await folderWith({
      'a.conf': 'server {\n  listen 8080;\n  upload on;\n  upload_store absent;\n}',
    });
    const { code, stdout, stderr } = await command(['-t', 'a.conf'], { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('a.conf:4:3: error[upload-store]');
  });

  it('shows the diagnostics of the loader and the plugins as one list, by line', async () => {
    const cwd = await folderWith({
      'a.conf': [
        'server {',
        '  listen 8080;',
        '  location /a { upload on; upload_store absent; }',
        '  location /b { root absent; }',
        '  location /c { upload on; upload_store absent; }',
        '}',
      ].join('\n'),
    });
    for (const { code, stderr } of [
      await command(['-t', 'a.conf'], { cwd }),
      await webserv(['a.conf'], { cwd }),
      await command(['plugins', '-c', 'a.conf'], { cwd }),
    ]) {
      expect(code).toBe(1);
      expect(stderr.match(/^a\.conf:\d+:\d+: \w+/gm)).toEqual([
        'a.conf:3:28: error',
        'a.conf:4:17: warning',
        'a.conf:5:28: error',
      ]);
      expect(stderr).toContain('webserv: a.conf cannot be used: 2 errors, 1 warning');
    }
  });

  it('binds no address', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => {
      holder.close();
    });
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const cwd = await folderWith({ 'b.conf': `server { listen 127.0.0.1:${port}; return 204; }` });
    expect((await command(['-t', 'b.conf'], { cwd })).code).toBe(0);
  });
});
