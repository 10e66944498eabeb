import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import cgi from './index.js';

const files = {
  'www/env.sh': 'printf \'Content-Type: text/plain\\n\\n%s %s\' "$REQUEST_METHOD" "$QUERY_STRING"',
  'www/echo.sh': "printf 'Content-Type: text/plain\\n\\n'; cat",
  'www/page.txt': 'no script',
};
const requests = ['/env.sh?a=1', { method: 'POST', path: '/echo.sh', body: 'some content\n'.repeat(500) }];
// More concurrent requests than scripts may run.
const conf = 'root www; cgi .sh /bin/sh; cgi_max_processes 4 queue=100;';

for (const { name, run } of conformance(cgi, { conf, files, requests })) test(name, run, 60_000);
