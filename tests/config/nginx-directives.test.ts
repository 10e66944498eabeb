import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtinPlugins } from '../../src/builtin.js';
import { Findings } from '../../src/kernel/config/findings.js';
import { insteadOfNginx, nginxDirectives, nginxFamilies } from '../../src/kernel/config/nginx-directives.js';
import { Registry } from '../../src/kernel/config/registry.js';
import { codesOf, load } from './fixture.js';

const page = readFileSync(new URL('../../docs/from-nginx.md', import.meta.url), 'utf8');
const tables = page.slice(page.indexOf('## Directives'), page.indexOf('### Variables'));
/** The first word of everything in a table's first column that is set as code. */
const mentioned = new Set(
  tables
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([a-z0-9_]+)[^`]*`/g)])
    .map(([, word]) => word),
);

const builtins = (await builtinPlugins()).map((plugin) => ({ plugin, place: undefined, file: undefined }));
const registry = new Registry(builtins, new Findings());

/** Directives that nginx has nothing like, or has under a name that the tables give as the other way. */
const ownNames = [
  'server_dir',
  'workers',
  'load_plugin',
  'max_connections',
  'client_max_request_line',
  'client_max_header_size',
  'client_max_header_count',
  'follow_symlinks',
  'plugin_timeout',
  'trace',
  'methods',
  'static',
  'cache_control',
  'file_cache',
  'cgi',
  'cgi_timeout',
  'cgi_path_info',
  'cgi_require_file',
  'cgi_env',
  'cgi_max_processes',
  'cors',
  'cors_methods',
  'cors_headers',
  'cors_expose',
  'cors_credentials',
  'cors_max_age',
  'compress',
  'compress_encodings',
  'compress_types',
  'compress_min_length',
  'compress_level',
  'compress_static',
  'status',
  'upload',
  'upload_store',
  'upload_conflict',
  'upload_delete',
  'upload_max_files',
];

describe("the table of nginx's directives", () => {
  it('has none that webserv knows', () => {
    expect(registry.names.filter((name) => insteadOfNginx(name, { names: [] }) !== undefined)).toEqual([]);
  });

  it('has one short line for each', () => {
    for (const [name, instead] of [...nginxDirectives, ...nginxFamilies]) {
      expect({ name, isShort: instead.length > 0 && instead.length <= 90 }).toEqual({ name, isShort: true });
      expect(instead).not.toContain('\n');
    }
  });

  it('has all its names in docs/from-nginx.md', () => {
    expect([...nginxDirectives.keys()].filter((name) => !mentioned.has(name))).toEqual([]);
  });
});

it('docs/from-nginx.md tells of every directive that nginx has too', () => {
  const shared = registry.names.filter((name) => !ownNames.includes(name));
  expect(shared.length).toBeGreaterThan(20);
  expect(shared.filter((name) => !mentioned.has(name))).toEqual([]);
});

describe('a directive of nginx that is not here', () => {
  it('is named as such, with what to do instead', async () => {
    const { diagnostics } = await load('server { listen 80; proxy_pass http://localhost; }');
    expect(diagnostics.map(({ code, message, hint }) => [code, message, hint])).toEqual([
      [
        'nginx-directive',
        '"proxy_pass" is a directive of nginx that webserv does not have',
        'there is no reverse proxy yet (docs/from-nginx.md)',
      ],
    ]);
  });

  it('has a block that nobody looks into', async () => {
    const inside = 'nonsense; root; server { } location { proxy_pass x; }';
    for (const name of ['upstream a', 'map $a $b', 'events', 'types_hash_max_size']) {
      expect(await codesOf(`${name} { ${inside} } server { listen 80; }`)).toEqual(['nginx-directive']);
    }
  });

  it('is looked into when it is the block around all servers', async () => {
    expect(await codesOf('http { server { listen 80; nonsense; } }')).toEqual([
      'nginx-directive',
      'unknown-directive',
    ]);
    const yaml = 'http:\n  server:\n    listen: 80\n  banner: hello\n';
    expect(await codesOf(yaml, { file: 'test.yaml' })).toEqual(['nginx-directive']);
  });

  it("is a plugin's where a plugin has one of that name", async () => {
    expect(nginxDirectives.has('expires')).toBe(true);
    expect(await codesOf('server { listen 80; expires 1h; }')).toEqual([]);
  });

  it('may be one of a plugin that could not be loaded', async () => {
    const text = 'load_plugin ./none.ts; server { listen 80; add_header A b; if (x) { } }';
    expect(await codesOf(text)).toEqual(['plugin-not-found', 'nginx-directive']);
  });

  it('is known by the beginning of its name, unless a plugin has names that begin so', () => {
    expect(insteadOfNginx('proxy_buffering', registry)).toBe('there is no reverse proxy yet');
    expect(insteadOfNginx('proxy_buffering', { names: ['proxy_to'] })).toBeUndefined();
    expect(insteadOfNginx('proxy_pass', { names: ['proxy_to'] })).toBe('there is no reverse proxy yet');
  });

  it.each(['sendfil', 'Sendfile', 'proxypass', 'htp', ''])('is not %o', (name) => {
    expect(insteadOfNginx(name, registry)).toBeUndefined();
  });
});

it('a key of YAML that is called like a directive is no sign of a missing semicolon', async () => {
  const text = 'server:\n  listen: 80\n  label:\n    root: a\n    index : b\n';
  expect(await codesOf(text, { file: 'test.yaml' })).toEqual([]);
});
