import { costs, isSo, lost, type NginxModule, NO_CHOICE, nothing, row } from './outcome.js';

const BUFFERS = 'buffers are allocated as needed';
const HEAD_SIZES = {
  write:
    'client_max_header_size 16k; for the header section, client_max_request_line 8k; for the request line',
};

export const httpCoreModule: NginxModule = {
  title: 'Servers and locations',
  rows: [
    row('sendfile sendfile_max_chunk', nothing('files are always sent in the fastest way available')),
    row('tcp_nopush tcp_nodelay aio aio_write directio directio_alignment read_ahead', nothing(NO_CHOICE)),
    row(
      'output_buffers postpone_output postpone_gzipping send_lowat client_body_buffer_size',
      nothing(BUFFERS),
    ),
    row('connection_pool_size request_pool_size subrequest_output_buffer_size', nothing(BUFFERS)),
    row('types_hash_max_size types_hash_bucket_size', nothing(NO_CHOICE)),
    row('server_names_hash_max_size server_names_hash_bucket_size', nothing(NO_CHOICE)),
    row('variables_hash_max_size variables_hash_bucket_size', nothing(NO_CHOICE)),
    row('client_header_buffer_size', nothing(BUFFERS)),
    row(
      'large_client_header_buffers',
      costs('header sections are limited to 16 KiB, request lines to 8 KiB', HEAD_SIZES),
    ),
    row('max_headers', costs('requests are limited to 100 fields', { write: 'client_max_header_count N;' })),
    row('client_body_temp_path client_body_in_single_buffer', nothing('bodies are streamed')),
    row('client_body_in_file_only', isSo(/^off$/), costs('bodies are streamed, not stored in files')),
    row('ignore_invalid_headers', costs('a request with a malformed field gets 400')),
    row(
      'underscores_in_headers',
      isSo(/^off$/),
      lost('fields with underscores in their names are dropped', { write: 'send them with hyphens' }),
    ),
    row('chunked_transfer_encoding', isSo(/^on$/), costs('responses of unknown length are chunked')),
    row('keepalive_disable', nothing('the browsers that it is for are no longer used')),
    row('keepalive_time', costs('connections have no maximum age', { write: 'keepalive_requests N;' })),
    row('keepalive_min_timeout', costs('only keepalive_timeout applies')),
    row('lingering_close lingering_time lingering_timeout', nothing(NO_CHOICE)),
    row('reset_timedout_connection', nothing(NO_CHOICE)),
    row(
      'limit_except',
      lost('other methods would be allowed', { write: 'methods GET HEAD; with all methods to accept' }),
    ),
    row('limit_rate limit_rate_after', isSo(/^0$/), costs('downloads are sent at full speed')),
    row(
      'internal',
      lost('clients can request the location', { write: 'keep internal files outside the root' }),
    ),
    row(
      'satisfy',
      isSo(/^all$/),
      lost('"any" would grant access by any of several rules, but a password is the only rule here', {
        write: 'auth_basic off; in a separate location',
      }),
    ),
    row(
      'disable_symlinks',
      lost('links that lead out of the root are not followed', {
        write: 'follow_symlinks on;',
        when: /^off/,
      }),
      lost('links inside the root are followed', { write: 'keep links out of the root' }),
    ),
    row(
      'open_file_cache open_file_cache_valid open_file_cache_min_uses open_file_cache_errors open_file_cache_events',
      nothing('files are always cached, and checked once a second', {
        write: 'file_cache 64m; for the size of the cache',
      }),
    ),
    row(
      'merge_slashes',
      isSo(/^on$/),
      lost('"//" in a path is treated as "/"', { write: 'use URLs that do not depend on it' }),
    ),
    row('absolute_redirect', isSo(/^off$/), costs('redirects are sent as written, without a host')),
    row('port_in_redirect server_name_in_redirect', nothing('redirects are sent as written')),
    row(
      'if_modified_since',
      isSo(/^before$/),
      lost('an unchanged file gets 304', {
        when: /^off$/,
        write: 'etag off; and cache_control no-store;',
      }),
      costs('304 is also sent if the client’s time is later than the file’s'),
    ),
    row(
      'max_ranges',
      lost('up to 16 ranges of a file are served', { write: 'plan for it: no other limit can be set' }),
    ),
    row('early_hints', nothing('103 responses come from proxied servers, and there is no proxy yet')),
    row('recursive_error_pages', isSo(/^off$/), lost('an error of an error page gets the built-in page')),
    row(
      'log_not_found',
      isSo(/^off$/),
      costs('missing files are reported in the access log only', { write: 'error_log PATH debug;' }),
    ),
    row('log_subrequest', nothing('there are no subrequests')),
    row('msie_padding msie_refresh', nothing('the browsers that it is for are no longer used')),
    row('resolver resolver_timeout', nothing('no host names are resolved')),
    row('auth_delay', isSo(/^0/), costs('wrong passwords are checked in a queue, without a delay')),
    row('post_action', lost('no subrequest follows a request', { write: 'a plugin can tap onDone' })),
  ],
  families: [],
};
