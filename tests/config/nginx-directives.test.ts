import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtinPlugins } from '../../src/builtin.js';
import { Findings } from '../../src/kernel/config/findings.js';
import { insteadOfNginx, nginxDirectives, nginxFamilies } from '../../src/kernel/config/nginx-directives.js';
import { Registry } from '../../src/kernel/config/registry.js';
import { variablePrefixes } from '../../src/kernel/variables.js';
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

/** Of nginx's modules, what sites that serve files, scripts and uploads have: none of it may be called a slip. */
const ofNginx: readonly (readonly [module: string, names: string])[] = [
  [
    'core',
    'accept_mutex accept_mutex_delay daemon debug_connection debug_points env error_log events include load_module lock_file master_process multi_accept pcre_jit pid ssl_engine ssl_object_cache_inheritable thread_pool timer_resolution use user worker_aio_requests worker_connections worker_cpu_affinity worker_priority worker_processes worker_rlimit_core worker_rlimit_nofile worker_shutdown_timeout working_directory',
  ],
  [
    'http core',
    'absolute_redirect aio aio_write alias chunked_transfer_encoding client_body_buffer_size client_body_in_file_only client_body_in_single_buffer client_body_temp_path client_body_timeout client_header_buffer_size client_header_timeout client_max_body_size connection_pool_size default_type directio directio_alignment disable_symlinks early_hints error_page etag http if_modified_since ignore_invalid_headers internal keepalive_disable keepalive_min_timeout keepalive_requests keepalive_time keepalive_timeout large_client_header_buffers limit_except limit_rate limit_rate_after lingering_close lingering_time lingering_timeout listen location log_not_found log_subrequest max_headers max_ranges merge_slashes msie_padding msie_refresh open_file_cache open_file_cache_errors open_file_cache_min_uses open_file_cache_valid output_buffers port_in_redirect postpone_output read_ahead recursive_error_pages request_pool_size reset_timedout_connection resolver resolver_timeout root satisfy send_lowat send_timeout sendfile sendfile_max_chunk server server_name server_name_in_redirect server_names_hash_bucket_size server_names_hash_max_size server_tokens subrequest_output_buffer_size tcp_nodelay tcp_nopush try_files types types_hash_bucket_size types_hash_max_size underscores_in_headers variables_hash_bucket_size variables_hash_max_size',
  ],
  [
    'index, autoindex',
    'autoindex autoindex_exact_size autoindex_format autoindex_localtime index random_index',
  ],
  ['rewrite', 'break if return rewrite rewrite_log set uninitialized_variable_warn'],
  [
    'fastcgi',
    'fastcgi_bind fastcgi_buffer_size fastcgi_buffering fastcgi_buffers fastcgi_busy_buffers_size fastcgi_cache fastcgi_cache_path fastcgi_cache_key fastcgi_catch_stderr fastcgi_connect_timeout fastcgi_hide_header fastcgi_ignore_client_abort fastcgi_index fastcgi_intercept_errors fastcgi_keep_conn fastcgi_max_temp_file_size fastcgi_next_upstream fastcgi_param fastcgi_pass fastcgi_pass_header fastcgi_pass_request_body fastcgi_read_timeout fastcgi_request_buffering fastcgi_send_timeout fastcgi_split_path_info fastcgi_store fastcgi_temp_path',
  ],
  ['dav', 'create_full_put_path dav_access dav_methods min_delete_depth'],
  [
    'gzip',
    'gzip gzip_buffers gzip_comp_level gzip_disable gzip_http_version gzip_min_length gzip_proxied gzip_types gzip_vary gzip_static gunzip gunzip_buffers',
  ],
  ['headers', 'add_header add_trailer expires add_header_inherit add_trailer_inherit'],
  [
    'auth_basic, access, log',
    'auth_basic auth_basic_user_file allow deny access_log log_format open_log_file_cache',
  ],
  [
    'limit',
    'limit_conn limit_conn_dry_run limit_conn_log_level limit_conn_status limit_conn_zone limit_zone limit_req limit_req_dry_run limit_req_log_level limit_req_status limit_req_zone',
  ],
  [
    'proxy, upstream, ssl',
    'proxy_pass proxy_set_header proxy_buffering proxy_cache upstream ssl ssl_certificate ssl_certificate_key ssl_ciphers ssl_protocols ssl_session_cache ssl_stapling http2 http2_push http3 quic_retry',
  ],
  [
    'map, geo, charset',
    'map map_hash_bucket_size map_hash_max_size geo geoip_country split_clients charset charset_map charset_types override_charset source_charset',
  ],
];

describe("the table of nginx's directives", () => {
  it('has none that webserv knows', () => {
    expect(registry.names.filter((name) => insteadOfNginx(name, { names: [] }) !== undefined)).toEqual([]);
  });

  it.each(ofNginx)('and the plugins know all of module %s', (_module, names) => {
    const unknown = names
      .split(' ')
      .filter((name) => !registry.isKnown(name) && insteadOfNginx(name, registry) === undefined);
    expect(unknown).toEqual([]);
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

it('docs/from-nginx.md names every variable there is', () => {
  const variables = page.slice(page.indexOf('### Variables'), page.indexOf('## An example'));
  for (const name of Object.keys(registry.variables)) expect(variables).toContain(`\`$${name}\``);
  for (const prefix of Object.keys(variablePrefixes)) expect(variables).toContain(`\`$${prefix}NAME\``);
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
