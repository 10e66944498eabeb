import { costs, isSo, lost, type NginxModule, NO_CHOICE, nothing, row } from './outcome.js';

const BUFFERS = 'buffers are made as they are needed';
const HEAD_SIZES = {
  write: 'client_max_header_size 16k; for the head, client_max_request_line 8k; for its first line',
};

export const httpCoreModule: NginxModule = {
  title: 'Servers and locations',
  rows: [
    row('sendfile sendfile_max_chunk', nothing('files are always sent the fastest way there is')),
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
    row('large_client_header_buffers', costs('a head may have 16 KiB, its first line 8 KiB', HEAD_SIZES)),
    row('max_headers', costs('a request may have 100 fields', { write: 'client_max_header_count N;' })),
    row('client_body_temp_path client_body_in_single_buffer', nothing('bodies are streamed')),
    row('client_body_in_file_only', isSo(/^off$/), costs('bodies are streamed, not kept in files')),
    row('ignore_invalid_headers', costs('a request with a malformed field gets 400')),
    row(
      'underscores_in_headers',
      isSo(/^off$/),
      lost('fields with an underscore in their name are dropped', { write: 'send them with dashes' }),
    ),
    row('chunked_transfer_encoding', isSo(/^on$/), costs('what has no known length is sent in chunks')),
    row('keepalive_disable', nothing('those browsers are gone')),
    row('keepalive_time', costs('the age of a connection has no limit', { write: 'keepalive_requests N;' })),
    row('keepalive_min_timeout', costs('keepalive_timeout holds alone')),
    row('lingering_close lingering_time lingering_timeout', nothing(NO_CHOICE)),
    row('reset_timedout_connection', nothing(NO_CHOICE)),
    row(
      'limit_except',
      lost('other methods would be let through', { write: 'methods GET HEAD; names all that are accepted' }),
    ),
    row('limit_rate limit_rate_after', isSo(/^0$/), costs('downloads are sent at full speed')),
    row(
      'internal',
      lost('clients can ask for the location', { write: 'keep what is not for them outside of the root' }),
    ),
    row(
      'satisfy',
      isSo(/^all$/),
      lost('"any" would let in by one rule of several: there is the password alone', {
        write: 'auth_basic off; in a location of its own',
      }),
    ),
    row(
      'disable_symlinks',
      lost('links that lead out of the root are not followed', {
        write: 'follow_symlinks on;',
        when: /^off/,
      }),
      lost('links inside of the root are followed', { write: 'keep links out of the root' }),
    ),
    row(
      'open_file_cache open_file_cache_valid open_file_cache_min_uses open_file_cache_errors open_file_cache_events',
      nothing('files are cached anyway, checked once a second', { write: 'file_cache 64m; for its size' }),
    ),
    row(
      'merge_slashes',
      isSo(/^on$/),
      lost('"//" in a path counts as "/"', { write: 'do not tell URLs apart by it' }),
    ),
    row(
      'absolute_redirect',
      isSo(/^off$/),
      costs('redirects are sent as they are written, without the host'),
    ),
    row('port_in_redirect server_name_in_redirect', nothing('redirects are sent as they are written')),
    row(
      'if_modified_since',
      isSo(/^before$/),
      lost('a file that has not changed is answered 304', {
        when: /^off$/,
        write: 'etag off; and cache_control no-store;',
      }),
      costs('304 is sent also for a time later than the file'),
    ),
    row(
      'max_ranges',
      lost('up to 16 ranges of a file are answered', { write: 'plan for it: no other limit can be set' }),
    ),
    row('early_hints', nothing('103 is what a proxy passes on, and there is none')),
    row('recursive_error_pages', isSo(/^off$/), lost('an error of an error page is answered without a page')),
    row(
      'log_not_found',
      isSo(/^off$/),
      costs('a missing file is in the access log alone', { write: 'error_log PATH debug;' }),
    ),
    row('log_subrequest', nothing('there are no subrequests')),
    row('msie_padding msie_refresh', nothing('those browsers are gone')),
    row('resolver resolver_timeout', nothing('no names are looked up')),
    row('auth_delay', isSo(/^0/), costs('wrong passwords are answered in a queue, without a pause')),
    row('post_action', lost('nothing else is asked after a request', { write: 'a plugin can tap onDone' })),
  ],
  families: [],
};
