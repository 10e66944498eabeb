import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { reflect, reflection, shell } from './scripts.js';

describe('7.2 UNIX', () => {
  it('has the current working directory set to the directory containing the script', async () => {
    await using server = await startTestServer(
      'location /a { root www; cgi .cgi; cgi .sh /bin/sh; cgi_require_file off; }',
      {
        'www/deep/er/a.cgi': reflect,
        'www/deep/er/b.sh': "printf 'Content-Type: text/plain\\n\\n'; cat data.txt",
        'www/deep/er/data.txt': 'found beside the script',
      },
    );
    expect((await reflection(server, '/a/deep/er/a.cgi/x')).folder).toBe(`${server.directory}/www/deep/er`);
    expect(await (await server.fetch('/a/deep/er/b.sh')).text()).toBe('found beside the script');
  });

  it('takes LF as the newline sequence, and CR LF too', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; }', {
      'www/lf.cgi': shell("printf 'Content-Type: text/plain\\nX-A: b\\n\\n\\nbody'"),
      'www/crlf.cgi': shell("printf 'Content-Type: text/plain\\r\\nX-A: b\\r\\n\\r\\n\\nbody'"),
      'www/mixed.cgi': shell("printf 'Content-Type: text/plain\\r\\nX-A: b\\n\\r\\n\\nbody'"),
    });
    for (const path of ['/lf.cgi', '/crlf.cgi', '/mixed.cgi']) {
      const answer = await server.fetch(path);
      expect(answer.headers.get('x-a')).toBe('b');
      expect(await answer.text()).toBe('\nbody');
    }
  });
});
