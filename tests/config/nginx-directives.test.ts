import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtinPlugins } from '../../src/builtin.js';
import { Registry } from '../../src/kernel/config/directives/registry.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import { elsewhereInNginx } from '../../src/kernel/config/nginx/contexts.js';
import {
  nginxDirectives,
  nginxFamilies,
  nginxModules,
  nginxOutcome,
} from '../../src/kernel/config/nginx/directives.js';
import { variablePrefixes } from '../../src/kernel/contract/variables.js';
import { Findings } from '../../src/kernel/diagnostics/findings.js';
import { codesOf, load } from './fixture.js';
import { accepted } from './nginx-accepted.js';
import { nginxTables } from './nginx-table.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const pageFile = at('../../docs/from-nginx.md');
const page = await readFile(pageFile, 'utf8');
const START = '<!-- printed from src/kernel/config/nginx -->';
const END = '<!-- end of what is printed -->';

/**
 * Every directive of nginx 1.28 with its modules, and of its newer versions, that is allowed in a configuration for
 * HTTP.
 */
const names = (await readFile(at('./nginx-names.txt'), 'utf8')).trim().split('\n');

const builtins = builtinPlugins();
const registry = new Registry(
  builtins.map((plugin) => ({ plugin, place: undefined, file: undefined })),
  new Findings(),
);

const isKnownName = (name: string): boolean => registry.isKnown(name);

describe('every directive of nginx', () => {
  it.each(names)('%s is accepted, or has an outcome', (name) => {
    const outcome = nginxOutcome(name, [], registry);
    expect(isKnownName(name)).not.toBe(outcome !== undefined);
  });

  it('is explained in one short sentence', () => {
    for (const [name, { outcomes }] of [...nginxDirectives, ...nginxFamilies]) {
      expect(outcomes.length).toBeGreaterThan(0);
      for (const { what, write = '' } of outcomes) {
        expect({ name, what, isShort: what.length > 0 && what.length <= 100 && write.length <= 100 }).toEqual(
          {
            name,
            what,
            isShort: true,
          },
        );
        expect(what).toMatch(/^[\p{Ll}"\d.A-Z]/u);
      }
    }
  });

  it('has an outcome for every value, and none after that', () => {
    for (const [name, { outcomes }] of nginxDirectives) {
      const conditions = outcomes.map(({ when }) => when);
      // Outcomes behind an unconditional one would never apply.
      expect({ name, at: conditions.indexOf(undefined) }).toEqual({
        name,
        at: outcomes.length - 1,
      });
    }
  });

  it('is in the table once', () => {
    const all = nginxModules.flatMap(({ rows }) => rows.flatMap((row) => row.names));
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });
});

describe('a directive that webserv has under the name nginx gives it', () => {
  const shared = registry.names.filter((name) => names.includes(name));

  it('is one of many', () => {
    expect(shared.length).toBeGreaterThan(25);
  });

  it.each(shared)('%s is in the first table of docs/from-nginx.md', (name) => {
    const tables = page.slice(page.indexOf('### What is here'), page.indexOf(START));
    expect(tables).toMatch(new RegExp(`^\\| .*\`${name}\\b.* \\| [=≈] \\|`, 'm'));
  });

  it.each(shared)('%s has a test of its meaning', async (name) => {
    const test = accepted[name];
    expect(test, 'name it in nginx-accepted.ts').toBeDefined();
    const [file = '', title = ''] = test ?? [];
    const text = await readFile(at(`../../${file}`), 'utf8');
    expect(text).toContain(title);
    expect(text).toContain(name);
  });
});

/** After a change of the data: `UPDATE_REFERENCE=1 npx vitest run tests/config/nginx-directives.test.ts`. */
it('docs/from-nginx.md holds the tables printed from the data', async () => {
  const start = page.indexOf(START) + START.length;
  const end = page.indexOf(END);
  const tables = `\n\n${nginxTables(nginxModules)}\n`;
  if (process.env.UPDATE_REFERENCE === '1') {
    await writeFile(pageFile, page.slice(0, start) + tables + page.slice(end));
    return;
  }
  expect(page.slice(start, end)).toBe(tables);
});

it('docs/from-nginx.md names every variable there is', () => {
  const variables = page.slice(page.indexOf('### Variables'), page.indexOf('## An example'));
  for (const name of Object.keys(registry.variables)) expect(variables).toContain(`\`$${name}\``);
  for (const prefix of Object.keys(variablePrefixes)) expect(variables).toContain(`\`$${prefix}NAME\``);
});

it('each row of "Different on purpose" has a name of its own that stays', () => {
  const part = page.slice(page.indexOf('## Different on purpose'), page.indexOf('## Directives'));
  const rows = part.split('\n').filter((line) => /^\| (?!---)/.test(line) && !line.startsWith('| row |'));
  const keys = rows.map((line) => /^\| `([a-z0-9-]+)` \|/.exec(line)?.[1]);
  expect(keys.length).toBeGreaterThan(15);
  expect(keys).not.toContain(undefined);
  expect(new Set(keys).size).toBe(keys.length);
});

/** A directive in the block where nginx has it. */
async function findingFor(directive: string) {
  const text = `server { listen 80; ${directive} }`;
  const { config, diagnostics } = await loadConfigText(text, { file: 'x.conf', base: '/srv', builtins });
  const [found, ...more] = diagnostics.map(({ severity, code }) => `${severity} ${code}`);
  expect(more).toEqual([]);
  expect(config === undefined).toBe(found?.startsWith('error') ?? false);
  return found;
}

describe('a directive of nginx that webserv does not have', () => {
  it.each([
    ['sendfile on;'],
    ['tcp_nopush on;'],
    ['open_file_cache max=1000 inactive=20s;'],
    ['satisfy all;'],
    ['merge_slashes on;'],
    ['gzip off;'],
    ['gzip on;'],
    ['gzip_static on;'],
    ['expires 30d;'],
    ['expires off;'],
    ['limit_rate 100k;'],
    ['log_not_found off;'],
    ['create_full_put_path off;'],
    ['large_client_header_buffers 4 32k;'],
    ['proxy_cache off;'],
    ['proxy_buffers 8 16k;'],
    ['ssl_session_cache shared:SSL:10m;'],
    ['ssl_stapling on;'],
    ['ssl_dhparam dh.pem;'],
    ['ssl_buffer_size 4k;'],
    ['ssl_early_data on;'],
    ['ssl_conf_command Options KTLS;'],
    ['http2 on;'],
    ['http3 on;'],
    ['quic_retry on;'],
    ['resolver 127.0.0.1;'],
    ['log_format main "$uri";'],
    ['upstream app { server 127.0.0.1:1; }'],
  ])('is a warning where nothing or only speed is lost: %s', async (directive) => {
    expect(await findingFor(directive)).toBe('warning nginx-directive');
  });

  it.each([
    ['satisfy any;'],
    ['internal;'],
    ['set_real_ip_from 10.0.0.0/8;'],
    ['create_full_put_path on;'],
    ['merge_slashes off;'],
    ['max_ranges 0;'],
    ['gunzip on;'],
    ['gzip_static always;'],
    ['expires -1;'],
    ['expires epoch;'],
    ['add_trailer A b;'],
    ['allow 10.0.0.0/8;'],
    ['deny all;'],
    ['auth_request /auth;'],
    ['limit_req zone=one;'],
    ['limit_except GET { deny all; }'],
    ['proxy_pass http://127.0.0.1;'],
    ['fastcgi_pass unix:/run/php.sock;'],
    ['rewrite ^ /x;'],
    ['if ($uri) { }'],
    ['set $a b;'],
    ['sub_filter a b;'],
    ['ssl on;'],
    ['ssl_ocsp on;'],
    ['disable_symlinks off;'],
    ['underscores_in_headers on;'],
    ['userid on;'],
    ['access_by_lua_block { x; }'],
  ])('is an error where it decides who may see what, or the response: %s', async (directive) => {
    expect(await findingFor(directive)).toBe('error nginx-directive');
  });

  it('is reported with what is lost, what to write and the line', async () => {
    const { diagnostics } = await load('server {\nlisten 80;\nsatisfy any;\n}');
    expect(diagnostics.map(({ message, hint, place }) => [message, hint, place?.line])).toEqual([
      [
        '"satisfy" is a directive of nginx that webserv does not have: "any" would grant access by any of several rules, but a password is the only rule here',
        'auth_basic off; in a separate location',
        3,
      ],
    ]);
  });

  it('is reported once per name, with its count and first place; each error is reported', async () => {
    const { config, diagnostics } = await load(
      'sendfile on;\nserver {\nlisten 80;\nsendfile off;\nproxy_buffering off;\nlocation / {\nsendfile on;\ninternal;\n}\nlocation /a { internal; }\n}',
    );
    expect(config).toBeUndefined();
    expect(diagnostics.map(({ severity, message, place }) => [severity, place?.line, message])).toEqual([
      [
        'warning',
        1,
        '"sendfile" has no effect here: files are always sent in the fastest way available (3 times, first here)',
      ],
      ['warning', 5, '"proxy_buffering" has no effect here: there is no reverse proxy yet'],
      ['error', 8, expect.stringContaining('"internal"')],
      ['error', 10, expect.stringContaining('"internal"')],
    ]);
  });

  it('may have a block, whose content is not checked', async () => {
    const inside = 'nonsense; root; server { } location { proxy_pass x; }';
    for (const name of ['upstream a', 'events', 'types_hash_max_size']) {
      expect(await codesOf(`${name} { ${inside} } server { listen 80; }`)).toEqual([
        'warning:nginx-directive',
      ]);
    }
    expect(await codesOf(`map $a $b { ${inside} } server { listen 80; }`)).toEqual(['nginx-directive']);
  });

  it('is ignored when it is the block around all servers', async () => {
    const text = 'events { }\nhttp {\nbanner a b;\nserver { listen 80; location /a { autoindex on; } }\n}';
    const { config, diagnostics } = await load(text);
    expect(diagnostics.map(({ severity, code }) => [severity, code])).toEqual([
      ['warning', 'nginx-directive'],
      ['warning', 'nginx-directive'],
    ]);
    expect(config?.servers.map(({ route }) => route.children.length)).toEqual([1]);
    expect(await codesOf('http { server { listen 80; nonsense; } }')).toEqual([
      'warning:nginx-directive',
      'unknown-directive',
    ]);
    const yaml = 'http:\n  server:\n    listen: 80\n  banner: hello\n';
    expect(await codesOf(yaml, { file: 'test.yaml' })).toEqual(['warning:nginx-directive']);
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
    expect(nginxOutcome('proxy_buffering', [], registry)?.effect).toBe('nothing');
    expect(nginxOutcome('proxy_buffering', [], { names: ['proxy_to'] })).toBeUndefined();
    expect(nginxOutcome('proxy_pass', [], { names: ['proxy_to'] })?.effect).toBe('lost');
  });

  it.each(['sendfil', 'Sendfile', 'proxypass', 'htp', ''])('is not %o', (name) => {
    expect(nginxOutcome(name, [], registry)).toBeUndefined();
  });
});

describe('what nginx has in more blocks than webserv', () => {
  it.each([...elsewhereInNginx.keys()])('%s is a warning in a location', async (name) => {
    const value = name === 'error_log' ? 'stderr' : '10';
    const text = `server { listen 80; location / { ${name} ${value}; } }`;
    expect(await codesOf(text)).toEqual(['warning:nginx-directive']);
  });

  it('is not where the servers inherit it: index, autoindex, autoindex_format and etag', async () => {
    const text =
      'index a.html; autoindex on; autoindex_format json; etag off;\nserver { listen 80; location /x { etag on; } }';
    const { config, diagnostics } = await loadConfigText(text, { file: 'x.conf', base: '/srv', builtins });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const [{ route } = { route: undefined }] = config?.servers ?? [];
    expect(route?.options.get('autoindex')).toMatchObject({ autoindex: true, autoindex_format: 'json' });
    expect(route?.options.get('static')).toMatchObject({ index: ['a.html'], etag: false });
    expect(route?.children[0]?.options.get('static')).toMatchObject({ index: ['a.html'], etag: true });
  });

  it('is an error where it decides the response', async () => {
    expect(await codesOf('root /srv; server { listen 80; }')).toEqual(['wrong-block']);
  });
});

it('parameters of listen that do nothing here are warnings, and the others still count', async () => {
  const { config, diagnostics } = await load(
    'server { listen [::]:80 default_server ipv6only=on reuseport backlog=511; listen 81 http2 deferred; }',
  );
  expect(config?.servers[0]?.listens.map(({ isDefault }) => isDefault)).toEqual([true, false]);
  expect(diagnostics.map(({ severity, place }) => [severity, place?.column])).toEqual([
    ['warning', 40],
    ['warning', 52],
    ['warning', 62],
    ['warning', 85],
    ['warning', 91],
  ]);
  for (const parameter of ['quic', 'proxy_protocol', 'ipv6only=off']) {
    expect(await codesOf(`server { listen 80 ${parameter}; }`)).toEqual(['wrong-argument']);
  }
});

it("nginx's levels of the error log count as the nearest ones", async () => {
  for (const [level, meant] of [
    ['notice', 'info'],
    ['crit', 'error'],
    ['alert', 'error'],
    ['emerg', 'error'],
    ['warn', 'warn'],
  ]) {
    const { config } = await load(`error_log stderr ${level}; server { listen 80; }`);
    expect(config?.main.errorLog.level).toBe(meant);
  }
});

it('a key of YAML with the name of a directive does not count as a missing semicolon', async () => {
  const text = 'server:\n  listen: 80\n  label:\n    root: a\n    index : b\n';
  expect(await codesOf(text, { file: 'test.yaml' })).toEqual([]);
});
