import { definePlugin, flag, oneOf, size } from '@webserv/server';
import { type ConfigObject, defineConfig } from '@webserv/server/config';
import { expect, it } from 'vitest';

const teapot = definePlugin({
  name: 'teapot',
  directives: {
    teapot: flag({ default: false, help: 'refuses' }),
    brew: oneOf(['tea', 'coffee'], { default: 'tea', help: 'what' }),
    pot: size({ default: 0, help: 'how large' }),
  },
});

/** The compiler is the judge: without the error it expects, `tsc` refuses this file. */
it('a configuration in TypeScript is typed by the directive tables', () => {
  const config = defineConfig(
    {
      workers: 'auto',
      types: { 'text/x': ['x'] },
      server: {
        listen: [8080],
        root: 'www',
        autoindex: 'on',
        hsts: ['max-age=1y', 'include_subdomains'],
        https_redirect: true,
        upload_conflict: 'rename',
        client_max_body_size: '10m',
        error_page: { 404: '/404.html' },
        location: {
          '/a': { teapot: true, brew: 'coffee', pot: '1k', cgi: { '.py': 'python3' } },
          '/b': { teapot: `\${TEAPOT:-on}`, location: { '/b/c': { methods: ['GET'] } } },
          '= /c': null,
        },
      },
    },
    teapot,
  );
  expect(config.server).toBeDefined();

  // @ts-expect-error an unknown directive
  defineConfig({ server: { autoindx: true } });
  // @ts-expect-error one of a plugin that is not given
  defineConfig({ server: { teapot: true } });
  // @ts-expect-error not one of its words
  defineConfig({ server: { brew: 'milk' } }, teapot);
  // @ts-expect-error no flag
  defineConfig({ server: { location: { '/a': { location: { '/a/b': { autoindex: 'maybe' } } } } } });
  const untyped: ConfigObject = { server: [{ listen: 80 }, { listen: 81 }] };
  expect(defineConfig(untyped)).toBe(untyped);
});
