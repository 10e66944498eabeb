import type { Registry } from './registry.js';

const NOTHING_TO_CHOOSE = 'take it out: there is nothing to choose here';
const NO_TLS = 'there is no TLS yet: put a TLS terminator in front';
const NO_PROXY = 'there is no reverse proxy yet';
const NO_LIMITS = 'there are no limits by client yet: max_connections N; bounds all of them';
const NO_PASSWORDS = 'auth_basic with auth_basic_user_file is all there is';
const NO_VARIABLES = 'no variables can be defined: write the value where it is used';
const HEAD_SIZES = 'client_max_header_size 16k; is for the head, client_max_request_line 8k; its first line';
const PHP = 'scripts run as CGI: cgi .php php-cgi;';
const SCRIPTS = 'scripts run as CGI: cgi .py python3;';

/** Names that share an answer, and what to write instead. docs/from-nginx.md has all of them. */
const rows: readonly (readonly [names: string, instead: string])[] = [
  ['http', 'take the block out: its directives stand at the top level'],
  ['events', 'take the block out: worker_connections is max_connections N; at the top level'],
  ['stream mail', 'take the block out: only HTTP is served'],
  ['worker_processes', 'workers N; or workers auto;'],
  ['worker_connections', 'max_connections N; at the top level'],
  ['load_module', 'load_plugin NAME; or load_plugin ./file.ts;'],
  ['env', 'set it where webserv is started; cgi_env NAME VALUE; gives it to scripts'],
  ['daemon', 'take it out: it runs in the foreground, under the service manager'],
  ['master_process', 'take it out: workers N; says how many processes there are'],
  ['working_directory', 'server_dir PATH; is what relative paths start from'],
  [
    'worker_rlimit_nofile worker_rlimit_core worker_priority worker_cpu_affinity',
    'the service manager sets it',
  ],
  [
    'use multi_accept accept_mutex accept_mutex_delay lock_file thread_pool timer_resolution pcre_jit',
    NOTHING_TO_CHOOSE,
  ],
  ['debug_points worker_aio_requests google_perftools_profiles', NOTHING_TO_CHOOSE],
  ['debug_connection', 'error_log PATH debug; logs more, of all connections'],

  ['sendfile sendfile_max_chunk', 'take it out: files are always sent the fastest way there is'],
  [
    'tcp_nopush tcp_nodelay aio aio_write directio directio_alignment read_ahead output_buffers postpone_output',
    NOTHING_TO_CHOOSE,
  ],
  ['send_lowat connection_pool_size request_pool_size subrequest_output_buffer_size', NOTHING_TO_CHOOSE],
  [
    'types_hash_max_size types_hash_bucket_size server_names_hash_max_size server_names_hash_bucket_size',
    NOTHING_TO_CHOOSE,
  ],
  ['variables_hash_max_size variables_hash_bucket_size', NOTHING_TO_CHOOSE],
  ['client_header_buffer_size large_client_header_buffers', HEAD_SIZES],
  ['max_headers', 'client_max_header_count N;'],
  [
    'client_body_buffer_size client_body_temp_path client_body_in_file_only client_body_in_single_buffer',
    'take it out: bodies are streamed; upload_store PATH; says where files go',
  ],
  ['ignore_invalid_headers', 'take it out: a request with a malformed field gets 400'],
  ['underscores_in_headers', 'take it out: fields with an underscore in their name are dropped'],
  ['chunked_transfer_encoding', 'take it out: what has no known length is sent in chunks'],
  ['keepalive_disable', 'take it out: keepalive_timeout 0; turns keep-alive off'],
  ['keepalive_time', 'keepalive_requests N; bounds a connection'],
  ['keepalive_min_timeout', 'take it out: keepalive_timeout TIME; is all there is'],
  ['lingering_close lingering_time lingering_timeout', NOTHING_TO_CHOOSE],
  ['reset_timedout_connection', NOTHING_TO_CHOOSE],
  ['limit_except', 'methods GET POST; names all methods that are accepted'],
  ['limit_rate limit_rate_after', 'there is no limit of the speed yet: take it out'],
  ['internal', 'take it out: keep what nobody may ask for outside of the root'],
  ['satisfy', 'take it out: there are no access rules to combine'],
  ['disable_symlinks', 'take it out: follow_symlinks off; is the default'],
  [
    'open_file_cache open_file_cache_valid open_file_cache_min_uses open_file_cache_errors',
    'file_cache 64m;',
  ],
  ['merge_slashes', 'take it out: slashes are merged'],
  [
    'absolute_redirect port_in_redirect server_name_in_redirect',
    'take it out: redirects are sent as they are written',
  ],
  ['server_tokens', 'take it out: no version is ever sent'],
  ['if_modified_since', 'take it out: a copy is fresh while the file is no newer'],
  ['max_ranges', 'take it out: up to 16 ranges are answered'],
  ['early_hints', 'take it out: 103 is what a proxy passes on, and there is none'],
  ['recursive_error_pages', NOTHING_TO_CHOOSE],
  ['log_not_found log_subrequest rewrite_log', 'take it out: error_log PATH LEVEL; says what is logged'],
  ['msie_padding msie_refresh', 'take it out: it is for browsers long gone'],
  ['resolver resolver_timeout', 'take it out: no names are looked up'],

  ['rewrite', 'return 301 /new; sends to another address, try_files finds another file'],
  ['if', 'there are no conditions: use location blocks, methods or try_files'],
  ['break uninitialized_variable_warn', 'take it out: there are no rewrite rules'],
  ['set', NO_VARIABLES],
  ['map geo split_clients map_hash_max_size map_hash_bucket_size', NO_VARIABLES],
  ['expires', 'cache_control "max-age=3600";'],
  ['add_trailer add_trailer_inherit', 'take it out: answers have no trailers'],
  ['more_set_headers more_clear_headers', 'add_header NAME VALUE; an empty value takes the field out'],
  ['add_header_inherit', 'take it out: add_header adds to what the blocks around it have'],
  [
    'charset_types',
    "charset NAME; names text of every type; types { 'TYPE; charset=NAME' EXT; } a single one",
  ],
  ['charset_map source_charset', 'files are not converted: charset NAME; tells what they are in'],
  ['override_charset', 'take it out: what a script says of its output is kept'],
  ['autoindex_exact_size', 'take it out: sizes are readable; autoindex_format json; has the bytes'],
  ['autoindex_localtime', 'take it out: times are in UTC'],
  ['random_index', 'index FILE; names the file'],
  ['dav_methods', 'upload on; takes PUT, upload_delete on; takes DELETE'],
  ['dav_ext_methods', 'take it out: files are stored and removed, not locked or listed'],
  ['upload_pass', 'upload on; takes forms too'],
  ['dav_access create_full_put_path min_delete_depth', 'take it out: upload on; has no such choice'],
  ['fastcgi_pass', PHP],
  ['fastcgi_param', 'cgi_env NAME VALUE;'],
  ['fastcgi_index', 'index index.php;'],
  ['fastcgi_split_path_info', 'cgi_path_info rest;'],
  ['fastcgi_read_timeout', 'cgi_timeout TIME;'],
  ['fastcgi_intercept_errors', 'take it out: what a script answers is sent as it is'],
  ['uwsgi_pass scgi_pass uwsgi_param scgi_param', SCRIPTS],
  ['proxy_pass grpc_pass memcached_pass upstream mirror', NO_PROXY],
  ['log_format', 'take it out: access_log PATH combined; or json, or pretty, are the formats there are'],
  ['open_log_file_cache', NOTHING_TO_CHOOSE],
  ['gzip brotli zstd', 'compress on; offers brotli, zstd and gzip'],
  ['gzip_static brotli_static zstd_static', 'compress_static on;'],
  ['gzip_types brotli_types zstd_types', 'compress_types TYPE…;'],
  ['gzip_min_length brotli_min_length zstd_min_length', 'compress_min_length SIZE;'],
  ['gzip_comp_level brotli_comp_level zstd_comp_level', 'compress_level fast; or default, or best'],
  ['gzip_vary', 'take it out: Vary is always sent where it is due'],
  ['gunzip gunzip_buffers', 'take it out: what is compressed is sent as it is'],
  ['sub_filter addition_types add_before_body add_after_body ssi', 'take it out: answers are not rewritten'],
  ['xslt_stylesheet xml_entities', 'take it out: answers are not rewritten'],
  ['echo', 'return 200 TEXT;'],
  ['fancyindex', 'autoindex on;'],
  ['allow deny', 'there are no access rules yet: return 403; closes a location'],
  ['auth_request auth_delay auth_digest auth_jwt auth_pam', NO_PASSWORDS],
  ['secure_link secure_link_md5 secure_link_secret', 'a plugin in TypeScript can do it'],
  ['userid', 'a plugin in TypeScript can do it'],
  ['limit_req limit_req_zone limit_conn limit_conn_zone limit_zone', NO_LIMITS],
  [
    'valid_referers referer_hash_max_size referer_hash_bucket_size',
    'there is no check of the referrer yet: take it out',
  ],
  ['ancient_browser ancient_browser_value modern_browser modern_browser_value', NO_VARIABLES],
  [
    'set_real_ip_from real_ip_header real_ip_recursive',
    'take it out: $remote_addr is always the address of the connection',
  ],
  ['stub_status', 'status on;'],
  ['empty_gif', 'serve a file'],
  ['mp4 flv f4f hls slice image_filter', 'take it out: files are sent as they are'],
  ['keyval keyval_zone', NO_VARIABLES],
  ['sticky health_check', NO_PROXY],
  ['status_zone api', 'status on; has the numbers of all servers together'],
  ['ssl ssl_certificate ssl_certificate_key', NO_TLS],
  ['http2', 'take it out: HTTP/1.1 is spoken'],
  ['http3', 'take it out: HTTP/1.1 is spoken'],
];

/** The directives of nginx that have no counterpart of the same name, and what to do instead. */
export const nginxDirectives: ReadonlyMap<string, string> = new Map(
  rows.flatMap(([names, instead]) => names.split(' ').map((name) => [name, instead] as const)),
);

/** What starts with these is of a module of nginx's that is not here, by prefix. */
export const nginxFamilies: ReadonlyMap<string, string> = new Map([
  ['fastcgi_', PHP],
  ['uwsgi_', SCRIPTS],
  ['scgi_', SCRIPTS],
  ['proxy_', NO_PROXY],
  ['grpc_', NO_PROXY],
  ['memcached_', NO_PROXY],
  ['mirror_', NO_PROXY],
  ['ssl_', NO_TLS],
  ['http2_', 'take it out: HTTP/1.1 is spoken'],
  ['http3_', 'take it out: HTTP/1.1 is spoken'],
  ['quic_', 'take it out: HTTP/1.1 is spoken'],
  ['gzip_', NOTHING_TO_CHOOSE],
  ['brotli_', NOTHING_TO_CHOOSE],
  ['zstd_', NOTHING_TO_CHOOSE],
  ['sub_filter_', 'take it out: answers are not rewritten'],
  ['ssi_', 'take it out: answers are not rewritten'],
  ['limit_req_', NO_LIMITS],
  ['limit_conn_', NO_LIMITS],
  ['auth_jwt_', NO_PASSWORDS],
  ['auth_request_', NO_PASSWORDS],
  ['image_filter_', 'take it out: files are sent as they are'],
  ['mp4_', 'take it out: files are sent as they are'],
  ['geoip_', NO_VARIABLES],
  ['auth_digest_', NO_PASSWORDS],
  ['auth_pam_', NO_PASSWORDS],
  ['fancyindex_', 'autoindex on; has no such choice'],
  ['userid_', 'a plugin in TypeScript can do it'],
  ['xslt_', 'take it out: answers are not rewritten'],
  ['hls_', 'take it out: files are sent as they are'],
  ['passenger_', 'scripts run as CGI: cgi .EXT INTERPRETER;'],
  ['lua_', 'a plugin in TypeScript can do it'],
  ['perl_', 'a plugin in TypeScript can do it'],
  ['js_', 'a plugin in TypeScript can do it'],
]);

/**
 * What to do instead of a directive of nginx's; undefined when the name is none.
 *
 * @param known every directive: where a plugin has one of a family, what is like it is a slip
 */
export function insteadOfNginx(name: string, known: Pick<Registry, 'names'>): string | undefined {
  const exact = nginxDirectives.get(name);
  if (exact !== undefined) return exact;
  for (const [prefix, instead] of nginxFamilies) {
    if (name.startsWith(prefix) && !known.names.some((other) => other.startsWith(prefix))) return instead;
  }
  if (/_by_lua(?:_block|_file)?$/.test(name)) return 'a plugin in TypeScript can do it';
  return undefined;
}
