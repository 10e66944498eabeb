import { defineCommand } from '../command.js';
import { configurationOptions } from '../configuration-file.js';

export const plugins = defineCommand({
  name: 'plugins',
  summary: 'lists the plugins, their directives, and where each is asked',
  usage: ['[--config FILE]'],
  details:
    'Of each plugin: where it comes from, its directives with the blocks they may stand in, and the hooks and\n' +
    'stages it taps, with the routes. Without any configuration, the built-in plugins and their directives.\n',
  options: configurationOptions,
  positionals: 0,
  loadsConfiguration: () => true,
  async run(given) {
    const { printPlugins } = await import('../run/plugins.js');
    return printPlugins(given);
  },
});
