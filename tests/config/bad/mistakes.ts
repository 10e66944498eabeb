import { defineConfig } from '@webserv/server/config';

const port: number = 8080;

export default defineConfig({
  // @ts-expect-error the compiler knows it, too
  server: { listen: port, autoindx: true, location: { '/a': { autoindex: 'perhaps' }, '= b': {} } },
});
