import { definePlugin, flag } from '@webserv/server';

const on = flag({ default: false, help: 'whatever' });

export default definePlugin({
  name: 'rival',
  directives: { autoindex: on, root: on, alias: on, listen: on },
});
