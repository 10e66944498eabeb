import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { reflect, reflection } from './scripts.js';

describe('4.4 the script command line', () => {
  it.each(['-s', '-d+allow_url_include%3d1', 'a+b+c', '%3btouch%20/tmp/x', '$(id)', '--help+-v'])(
    'is not made of an indexed query, which could be an option of the interpreter: ?%s',
    async (query) => {
      await using server = await startTestServer('location / { root www; cgi .cgi; cgi .sh /bin/sh -f; }', {
        'www/a.cgi': reflect,
        'www/b.sh': reflect.content,
      });
      const direct = await reflection(server, `/a.cgi?${query}`);
      expect(direct.arguments).toEqual([]);
      expect(direct.environment.QUERY_STRING).toBe(query);
      const interpreted = await reflection(server, `/b.sh?${query}`);
      expect(interpreted.arguments).toEqual([]);
    },
  );

  it('has the interpreter’s arguments from the configuration, then the script’s file', async () => {
    const all =
      '[ "$CONTENT_LENGTH" = "" ] && printf "Content-Type: text/plain\\n\\n" && printf "argument=%s\\0" "$@"';
    await using server = await startTestServer(
      `location / { root www; cgi .x /bin/sh -c '${all.replaceAll('"', '\\"')}' zero "a b" '$HOME;*'; }`,
      { 'www/a b;$(id)\'".x': '' },
    );
    const file = `/a%20b;$(id)'%22.x`;
    const { arguments: seen } = await reflection(server, file);
    expect(seen).toEqual(['a b', '$HOME;*', `${server.directory}/www/a b;$(id)'".x`]);
  });
});
