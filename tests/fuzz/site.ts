import { asRoot } from '../cli/webserv.js';
import type { Files } from '../hostile/command.js';

/** Maximum size of a request body that the site accepts. */
export const MAX_BODY = 64 * 1024;

/** A site with every kind of response, and timeouts short enough to occur in a run. */
export const CONF = `${asRoot}
error_log error.log info;
max_connections 500;
client_header_timeout 5s;
client_body_timeout 5s;
keepalive_timeout 2s;
send_timeout 10s;
client_max_body_size ${MAX_BODY};
server {
  listen LISTEN;
  root www;
  error_page 404 /404.html;
  error_page 403 /missing.html;
  error_page 413 =200 /404.html;
  location /list { autoindex on; }
  location /echo { return 200 "$args"; }
  location /old { return 301 /file.txt; }
  location /gone { return 410; }
  location /only-get { methods GET; }
  location /tiny { client_max_body_size 100; return 200 "tiny"; }
  location /tried { try_files $uri /file.txt; }
  location /files { root store; upload on; upload_delete on; upload_conflict replace; autoindex on; }
  location /run { root scripts; cgi .sh /bin/sh; cgi_timeout 5s; cgi_max_processes 16; }
}
`;

export const FILES: Files = {
  'www/index.html': '<h1>home</h1>',
  'www/404.html': '<h1>not found</h1>',
  'www/file.txt': 'a file\n'.repeat(100),
  'www/big.bin': 'big'.repeat(200_000),
  'www/only-get/index.html': 'only GET',
  'www/list/one.txt': 'one',
  'www/list/two & <three>.txt': 'two',
  'www/.secret': 'CANARY',
  canary: 'CANARY',
  'store/kept': 'kept',
  // Echoes its input; reads it or not; redirects; writes rubbish.
  'scripts/cat.sh': 'printf "Content-Type: text/plain\\n\\n"; cat\n',
  'scripts/env.sh': 'printf "Content-Type: text/plain\\n\\n%s %s" "$REQUEST_METHOD" "$QUERY_STRING"\n',
  'scripts/move.sh': 'printf "Location: /echo?moved\\n\\n"\n',
  'scripts/rubbish.sh': 'printf "no header at all"\n',
};
