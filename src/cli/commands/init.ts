import { defineCommand } from '../command.js';

export const init = defineCommand({
  name: 'init',
  summary: 'makes a small site and its configuration, or a plugin',
  usage: ['[DIR]', '--plugin NAME [DIR]'],
  details:
    'It makes them in DIR, or in the current folder, and prints the files it made. What is there already is kept\n' +
    'as it is. A plugin is a package in TypeScript with a directive, tests and a README, in webserv-plugin-NAME when\n' +
    'no DIR is named.\n',
  options: {
    plugin: { type: 'string', value: 'NAME', help: 'a plugin of that name: maintenance, @me/maintenance' },
  },
  positionals: 1,
  async run({ plugin }, [folder]) {
    if (plugin !== undefined) {
      const { makePlugin } = await import('../run/make-plugin.js');
      return makePlugin(plugin, folder);
    }
    const { makeSite } = await import('../run/make-site.js');
    return makeSite(folder);
  },
});
