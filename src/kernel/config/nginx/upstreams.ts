import { costs, isSo, lost, type NginxModule, type NginxRow, nothing, row } from './outcome.js';

const NO_PROXY = 'there is no reverse proxy yet';
const PHP = { write: 'cgi .php php-cgi;' };
const SCRIPTS = { write: 'cgi .py python3;' };

/** Directives that hide or replace parts of the responses of scripts. */
const responseRows = (module: string): readonly NginxRow[] => [
  row(
    `${module}_hide_header`,
    lost('the field is sent if a script sets it', { write: 'add_header NAME "" always;' }),
  ),
  row(
    `${module}_intercept_errors`,
    isSo(/^off$/),
    lost('error responses of scripts are sent unchanged', { write: 'let the script write the error page' }),
  ),
];

export const upstreamsModule: NginxModule = {
  title: 'Scripts and other servers',
  rows: [
    row('fastcgi_pass', lost('the source of PHP files would be sent: scripts run as CGI', PHP)),
    row('fastcgi_param', costs('scripts get only the variables of CGI', { write: 'cgi_env NAME VALUE;' })),
    row(
      'fastcgi_index',
      costs('scripts share the index directive of static files', { write: 'index index.php;' }),
    ),
    row(
      'fastcgi_split_path_info',
      nothing('the path after the script is its PATH_INFO', {
        write: 'cgi_path_info off; to respond 404 to such paths',
      }),
    ),
    row(
      'fastcgi_read_timeout',
      costs('the default timeout of scripts applies', { write: 'cgi_timeout TIME;' }),
    ),
    row(
      'fastcgi_ignore_client_abort uwsgi_ignore_client_abort scgi_ignore_client_abort',
      isSo(/^off$/),
      costs('a script is terminated when its client disconnects', { write: 'ignore_client_abort on;' }),
    ),
    row('uwsgi_pass scgi_pass', lost('the source of programs would be sent: scripts run as CGI', SCRIPTS)),
    row(
      'uwsgi_param scgi_param',
      costs('scripts get only the variables of CGI', { write: 'cgi_env NAME VALUE;' }),
    ),
    ...['fastcgi', 'uwsgi', 'scgi'].flatMap(responseRows),
    row(
      'proxy_pass grpc_pass memcached_pass tunnel_pass',
      lost(NO_PROXY, { write: 'serve files, or run scripts: cgi .EXT;' }),
    ),
    row('upstream', nothing(NO_PROXY)),
    row('mirror', isSo(/^off$/), costs('requests are not copied to another server')),
    row('sticky health_check match least_conn ip_hash', nothing(NO_PROXY)),
    row(
      'passenger_enabled',
      isSo(/^off$/),
      lost('the source of programs would be sent', { write: 'cgi .EXT INTERPRETER;' }),
    ),
  ],
  families: [
    row('proxy_ grpc_ memcached_ mirror_ upstream_ tunnel_', nothing(NO_PROXY)),
    row('fastcgi_', nothing('scripts run as CGI, one process per request')),
    row('uwsgi_ scgi_ passenger_', nothing('scripts run as CGI, one process per request')),
  ],
};
