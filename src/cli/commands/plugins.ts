import { defineCommand } from '../command.js';
import { configurationOptions } from '../configuration-file.js';

export const plugins = defineCommand({
  name: 'plugins',
  summary: 'lists the plugins, their directives, and the hooks they tap',
  usage: ['[--config FILE]'],
  details:
    'For each plugin: its origin, its directives with the blocks that may contain them, and the hooks and stages\n' +
    'it taps, with the routes. Without a configuration: the built-in plugins and their directives.\n',
  options: configurationOptions,
  positionals: 0,
  loadsConfiguration: () => true,
  async run(given) {
    const { printPlugins } = await import('../run/plugins.js');
    return printPlugins(given);
  },
});
