import { costs, isSo, lost, type NginxModule, type NginxRow, nothing, row } from './outcome.js';

const NO_PROXY = 'there is no reverse proxy yet';
const WITHOUT_PROXY = 'it means nothing without a proxy';
const PHP = { write: 'cgi .php php-cgi;' };
const SCRIPTS = { write: 'cgi .py python3;' };

/** Parts of the responses of scripts are hidden from clients, or replaced. */
const answersOf = (module: string): readonly NginxRow[] => [
  row(
    `${module}_hide_header`,
    lost('the field of a script is sent', { write: 'add_header NAME "" always;' }),
  ),
  row(
    `${module}_intercept_errors`,
    isSo(/^off$/),
    lost('what a script answers is sent as it is', { write: 'let the script write the page' }),
  ),
];

export const upstreamsModule: NginxModule = {
  title: 'Scripts and other servers',
  rows: [
    row('fastcgi_pass', lost('PHP files would be sent as they are: scripts run as CGI', PHP)),
    row('fastcgi_param', costs('scripts get the variables of CGI alone', { write: 'cgi_env NAME VALUE;' })),
    row('fastcgi_index', costs('a directory has the index of static files', { write: 'index index.php;' })),
    row(
      'fastcgi_split_path_info',
      nothing('what follows the script is its PATH_INFO', {
        write: 'cgi_path_info off; to answer 404 to such paths',
      }),
    ),
    row('fastcgi_read_timeout', costs('a script has the default time', { write: 'cgi_timeout TIME;' })),
    row(
      'fastcgi_ignore_client_abort uwsgi_ignore_client_abort scgi_ignore_client_abort',
      isSo(/^off$/),
      costs('a script is ended when its client leaves', { write: 'ignore_client_abort on;' }),
    ),
    row('uwsgi_pass scgi_pass', lost('programs would be sent as they are: scripts run as CGI', SCRIPTS)),
    row(
      'uwsgi_param scgi_param',
      costs('scripts get the variables of CGI alone', { write: 'cgi_env NAME VALUE;' }),
    ),
    ...['fastcgi', 'uwsgi', 'scgi'].flatMap(answersOf),
    row(
      'proxy_pass grpc_pass memcached_pass tunnel_pass',
      lost(NO_PROXY, { write: 'serve files, or run scripts: cgi .EXT;' }),
    ),
    row('upstream', nothing(WITHOUT_PROXY)),
    row('mirror', isSo(/^off$/), costs('requests are not copied to another server')),
    row('sticky health_check match least_conn ip_hash', nothing(WITHOUT_PROXY)),
    row(
      'passenger_enabled',
      isSo(/^off$/),
      lost('programs would be sent as they are', { write: 'cgi .EXT INTERPRETER;' }),
    ),
  ],
  families: [
    row('proxy_ grpc_ memcached_ mirror_ upstream_ tunnel_', nothing(WITHOUT_PROXY)),
    row('fastcgi_', nothing('scripts run as CGI, each in a process of its own')),
    row('uwsgi_ scgi_ passenger_', nothing('scripts run as CGI, each in a process of its own')),
  ],
};
