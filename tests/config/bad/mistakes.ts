import { defineConfig } from '@webserv/server';

const port: number = 8080;

export default defineConfig({
  server: { listen: port, autoindx: true, location: { '/a': { autoindex: 'perhaps' }, '= b': {} } },
});
