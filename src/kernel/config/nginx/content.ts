import { ALONE, costs, isSo, lost, type NginxModule, NO_CHOICE, nothing, PLUGIN, row } from './outcome.js';

const NOT_REWRITTEN = 'response bodies are sent unchanged';
const AS_THEY_ARE = 'files are sent unchanged';
const COMPRESS = 'responses are not compressed';

export const contentModule: NginxModule = {
  title: 'Files and filters',
  rows: [
    row(
      'autoindex_exact_size',
      costs('pages show rounded sizes; JSON has the exact ones', { write: 'autoindex_format json;' }),
    ),
    row('autoindex_localtime', isSo(/^off$/), costs('times are shown in UTC')),
    row('random_index', isSo(/^off$/), lost('no random file is chosen', { write: 'index FILE;' })),
    row(
      'dav_methods',
      isSo(/^off$/),
      lost('PUT and DELETE get 405', { write: 'upload on; and upload_delete on;' }),
    ),
    row('dav_ext_methods', isSo(/^off$/), lost('PROPFIND, LOCK and the like get 405')),
    row('upload_pass', lost('uploads by forms are not accepted', { write: 'upload on;' })),
    row(
      'dav_access',
      lost('the umask sets the permissions of stored files', {
        write: 'set the umask of the service',
      }),
    ),
    row(
      'create_full_put_path',
      isSo(/^off$/),
      lost('PUT below a directory that does not exist gets 409', {
        write: 'create the directories beforehand',
      }),
    ),
    row(
      'min_delete_depth',
      isSo(/^0$/),
      lost('files of any depth can be deleted', { write: 'upload_delete on; in the locations below' }),
    ),
    row(
      'gzip brotli zstd',
      isSo(/^off$/),
      costs(COMPRESS, { write: 'compress on; offers brotli, zstd and gzip' }),
    ),
    row(
      'gzip_static brotli_static zstd_static',
      isSo(/^off$/),
      lost('a compressed file is not served without the uncompressed one next to it', {
        when: /^always$/,
        write: 'compress_static on; and keep the uncompressed file next to it',
      }),
      costs('precompressed files are not sent', { write: 'compress_static on;' }),
    ),
    row('gzip_types brotli_types zstd_types', costs(COMPRESS, { write: 'compress_types TYPE…;' })),
    row(
      'gzip_min_length brotli_min_length zstd_min_length',
      costs(COMPRESS, { write: 'compress_min_length SIZE;' }),
    ),
    row(
      'gzip_comp_level brotli_comp_level zstd_comp_level',
      costs(COMPRESS, { write: 'compress_level fast; or default, or best' }),
    ),
    row('gzip_vary', nothing('Vary is always sent when it is needed')),
    row(
      'gunzip',
      isSo(/^off$/),
      lost('compressed bodies are also sent to clients that do not accept them', {
        write: 'compress_static on; with the uncompressed file next to it',
      }),
    ),
    row('gunzip_buffers', nothing(NO_CHOICE)),
    row('expires', isSo(/^off$/), ...expiresOutcomes()),
    row('add_trailer', lost('responses have no trailers', PLUGIN)),
    row('add_trailer_inherit', nothing(ALONE)),
    row(
      'add_header_inherit',
      isSo(/^merge$/),
      costs('the fields of the enclosing blocks are added', { when: /^on$/ }),
      lost('the fields of the enclosing blocks are added', {
        write: 'add_header NAME ""; for each field to omit',
      }),
    ),
    row('more_set_headers', lost('the field is not sent', { write: 'add_header NAME VALUE always;' })),
    row('more_clear_headers', lost('the field is sent', { write: 'add_header NAME "" always;' })),
    row('charset_types', costs('charset applies to all text files')),
    row(
      'charset_map source_charset override_charset',
      lost('text is not converted to another charset', { write: 'store it as UTF-8' }),
    ),
    row('sub_filter add_before_body add_after_body', lost(NOT_REWRITTEN, PLUGIN)),
    row('ssi xslt_stylesheet', isSo(/^off$/), lost(NOT_REWRITTEN, PLUGIN)),
    row('addition_types xml_entities', nothing(ALONE)),
    row('mp4 flv f4f hls slice', isSo(/^0$/), lost(`${AS_THEY_ARE}: players can request ranges`)),
    row('image_filter', isSo(/^off$/), lost(AS_THEY_ARE, PLUGIN)),
    row('empty_gif', lost('no picture is sent', { write: 'serve a file' })),
    row('echo', lost('no text is sent', { write: 'return 200 TEXT;' })),
    row('fancyindex', isSo(/^off$/), lost('directories are not listed', { write: 'autoindex on;' })),
    row(
      'log_format',
      costs('only the formats combined, json and pretty are available', {
        write: 'access_log PATH combined;',
      }),
    ),
    row('open_log_file_cache', nothing('log files stay open')),
    row('stub_status', lost('no metrics are served', { write: 'status on;' })),
    row('status_zone api', costs('the metrics are those of all servers together', { write: 'status on;' })),
  ],
  families: [
    row('gzip_ brotli_ zstd_', nothing(NO_CHOICE)),
    row('sub_filter_ ssi_ xslt_ xml_', nothing(ALONE)),
    row('image_filter_ mp4_ hls_', nothing(ALONE)),
    row('fancyindex_', costs('the page of autoindex cannot be changed in this way')),
  ],
};

/** A missing lifetime only costs speed; a copy that must not be kept changes what users see. */
function expiresOutcomes() {
  return [
    lost('clients decide how long they keep copies', {
      when: /^(?:epoch|-|.*\$|@|modified)/,
      value: 'epoch, a negative time, a variable',
      write: 'cache_control no-cache;',
    }),
    costs('clients revalidate a file before they use a copy', {
      write: 'cache_control "max-age=SECONDS"; (30 days are 2592000)',
    }),
  ] as const;
}
