import { definePlugin, directive } from '@webserv/server';

export default definePlugin({
  name: 'fragile',
  directives: {
    fragile: directive({
      usage: 'TEXT',
      arguments: [1, 1],
      default: 0,
      help: 'breaks',
      parse: () => undefined.missing,
      combine: () => 1,
    }),
  },
});
