import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';
import { reflect, reflection } from './scripts.js';

describe('9.8 relative paths', () => {
  it('are resolved in the request URI before it is split into script-path and extra-path', async () => {
    await using server = await startTestServer('location / { root www; cgi .cgi; cgi_path_info rest; }', {
      'www/a.cgi': reflect,
      'www/b/a.cgi': reflect,
      'secret.cgi': reflect,
    });
    const get = async (target: string) => {
      const answer = await server.raw(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      return { status: Number(answer.slice(9, 12)), name: /SCRIPT_NAME=([^\0]*)/.exec(answer)?.[1] };
    };
    expect(await get('/b/../a.cgi')).toEqual({ status: 200, name: '/a.cgi' });
    expect(await get('/a.cgi/../b/a.cgi')).toEqual({ status: 200, name: '/b/a.cgi' });
    expect(await get('/a.cgi/%2e%2e/b/a.cgi')).toEqual({ status: 200, name: '/b/a.cgi' });
    expect((await get('/../secret.cgi')).status).toBe(400);
    expect((await get('/a.cgi/../../secret.cgi')).status).toBe(400);
    const { environment } = await reflection(server, '/a.cgi/x');
    expect(environment.PATH_TRANSLATED).toBe(`${server.directory}/www/x`);
  });
});
