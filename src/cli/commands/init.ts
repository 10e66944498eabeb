import { defineCommand } from '../command.js';

export const init = defineCommand({
  name: 'init',
  summary: 'creates a small site and its configuration, or a plugin',
  usage: ['[DIR]', '--plugin NAME [DIR]'],
  details:
    'Creates the files in DIR, or in the current directory, and prints their names. Existing files are not\n' +
    'changed. A plugin is a package in TypeScript with a directive, tests and a README. Without DIR, it is created\n' +
    'in webserv-plugin-NAME.\n',
  options: {
    plugin: {
      type: 'string',
      value: 'NAME',
      help: 'creates a plugin of this name: maintenance, @me/maintenance',
    },
  },
  positionals: 1,
  async run({ plugin }, [path]) {
    if (plugin !== undefined) {
      const { makePlugin } = await import('../run/make-plugin.js');
      return makePlugin(plugin, path);
    }
    const { makeSite } = await import('../run/make-site.js');
    return makeSite(path);
  },
});
