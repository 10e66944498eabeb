import { costs, isSo, lost, type NginxModule, NO_CHOICE, nothing, row } from './outcome.js';

const NOT_REWRITTEN = 'bodies are sent as they are';
const AS_THEY_ARE = 'files are sent as they are';
const COMPRESS = 'responses are not compressed';
const ALONE = 'it means nothing without the directive that it belongs to';
const PLUGIN = { write: 'a plugin in TypeScript can do it' };

export const contentModule: NginxModule = {
  title: 'Files and what is made of them',
  rows: [
    row(
      'autoindex_exact_size',
      costs('sizes in pages are readable, in JSON exact', { write: 'autoindex_format json;' }),
    ),
    row('autoindex_localtime', isSo(/^off$/), costs('times are in UTC')),
    row('random_index', isSo(/^off$/), lost('no file is chosen at random', { write: 'index FILE;' })),
    row(
      'dav_methods',
      isSo(/^off$/),
      lost('PUT and DELETE get 405', { write: 'upload on; and upload_delete on;' }),
    ),
    row('dav_ext_methods', isSo(/^off$/), lost('PROPFIND, LOCK and the like get 405')),
    row('upload_pass', lost('forms with files are not taken', { write: 'upload on;' })),
    row(
      'dav_access',
      lost('files that are stored get the modes that the umask leaves', {
        write: 'set the umask of the service',
      }),
    ),
    row(
      'create_full_put_path',
      isSo(/^off$/),
      lost('PUT below a directory that does not exist gets 409', {
        write: 'make the directories beforehand',
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
      lost('a compressed file without the plain one beside it is not served under the plain name', {
        when: /^always$/,
        write: 'keep the plain file beside it, and: compress_static on;',
      }),
      costs('compressed siblings are not sent', { write: 'compress_static on;' }),
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
    row('gzip_vary', nothing('Vary is always sent where it is due')),
    row(
      'gunzip',
      isSo(/^off$/),
      lost('a compressed body goes to clients that cannot read it, too', {
        write: 'compress_static on; with the plain file beside',
      }),
    ),
    row('gunzip_buffers', nothing(NO_CHOICE)),
    row('expires', isSo(/^off$/), ...expiresOutcomes()),
    row('add_trailer', lost('responses have no trailers', PLUGIN)),
    row('add_trailer_inherit', nothing(ALONE)),
    row(
      'add_header_inherit',
      isSo(/^merge$/),
      costs('the fields of the blocks around are added', { when: /^on$/ }),
      lost('the fields of the blocks around are added', {
        write: 'add_header NAME ""; for each that is to be left out',
      }),
    ),
    row('more_set_headers', lost('the field is not sent', { write: 'add_header NAME VALUE always;' })),
    row('more_clear_headers', lost('the field is sent', { write: 'add_header NAME "" always;' })),
    row('charset_types', costs('charset holds for all text')),
    row(
      'charset_map source_charset override_charset',
      lost('text is not recoded', { write: 'store it as UTF-8' }),
    ),
    row('sub_filter add_before_body add_after_body', lost(NOT_REWRITTEN, PLUGIN)),
    row('ssi xslt_stylesheet', isSo(/^off$/), lost(NOT_REWRITTEN, PLUGIN)),
    row('addition_types xml_entities', nothing(ALONE)),
    row('mp4 flv f4f hls slice', isSo(/^0$/), lost(`${AS_THEY_ARE}: players can ask for ranges`)),
    row('image_filter', isSo(/^off$/), lost(AS_THEY_ARE, PLUGIN)),
    row('empty_gif', lost('there is no picture', { write: 'serve a file' })),
    row('echo', lost('there is no text', { write: 'return 200 TEXT;' })),
    row('fancyindex', isSo(/^off$/), lost('directories are not listed', { write: 'autoindex on;' })),
    row(
      'log_format',
      costs('the formats are combined, json and pretty', { write: 'access_log PATH combined;' }),
    ),
    row('open_log_file_cache', nothing('log files stay open')),
    row('stub_status', lost('there are no numbers', { write: 'status on;' })),
    row('status_zone api', costs('there is one set of numbers, for all servers', { write: 'status on;' })),
  ],
  families: [
    row('gzip_ brotli_ zstd_', nothing(NO_CHOICE)),
    row('sub_filter_ ssi_ xslt_ xml_', nothing(ALONE)),
    row('image_filter_ mp4_ hls_', nothing(ALONE)),
    row('fancyindex_', costs('the page of autoindex has no such choice')),
  ],
};

/** A time to keep a copy only costs speed; that none may be kept decides what people see. */
function expiresOutcomes() {
  return [
    lost('clients may keep copies as long as they think right', {
      when: /^(?:epoch|-|.*\$|@|modified)/,
      value: 'epoch, a negative time, a variable',
      write: 'cache_control no-cache;',
    }),
    costs('clients ask for a file again to see whether it changed', {
      write: 'cache_control "max-age=SECONDS"; 30 days are 2592000',
    }),
  ] as const;
}
