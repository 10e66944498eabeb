import { lost, type NginxModule, nothing, PLUGIN, row } from './outcome.js';

const NO_VARIABLES = 'no variables can be defined';
const VALUE = { write: 'write the value where it is used' };
const PROGRAM = 'the program is not run';

export const variablesModule: NginxModule = {
  title: 'Rules, variables and programs',
  rows: [
    row(
      'rewrite',
      lost('the URL is not changed', { write: 'return 301 /new; or try_files to serve another file' }),
    ),
    row(
      'if',
      lost('conditions are not supported', {
        when: /^\(\$(?:scheme|https|ssl_protocol|host)\b/,
        value: 'a condition on the scheme or host',
        write: 'https_redirect on; or a server block for the host',
      }),
      lost('conditions are not supported', { write: 'use location blocks, methods or try_files' }),
    ),
    row('set', lost(NO_VARIABLES, VALUE)),
    row('map geo split_clients', lost(NO_VARIABLES, VALUE)),
    row('keyval', lost(NO_VARIABLES, PLUGIN)),
    row('keyval_zone map_hash_max_size map_hash_bucket_size', nothing('no variables are defined')),
    row('break rewrite_log uninitialized_variable_warn', nothing('there are no rewrite rules')),
    row('perl perl_set js_content js_header_filter js_body_filter js_access js_set', lost(PROGRAM, PLUGIN)),
    row(
      'perl_modules perl_require js_import js_include js_path js_preload_object',
      nothing('no programs are run'),
    ),
  ],
  families: [
    row('geoip_', lost(NO_VARIABLES, PLUGIN)),
    row('echo_ set_', lost(PROGRAM, PLUGIN)),
    row('lua_ perl_ js_', nothing('no programs are run')),
  ],
};
