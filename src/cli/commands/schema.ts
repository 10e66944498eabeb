import { defineCommand } from '../command.js';
import { configurationOptions } from '../configuration-file.js';

export const schema = defineCommand({
  name: 'schema',
  summary: 'prints the JSON Schema of configurations in YAML, JSON and TypeScript',
  usage: ['[--config FILE]'],
  details:
    'With this schema, an editor completes directives and marks errors:\n\n' +
    '  webserv schema > webserv.schema.json\n\n' +
    'A YAML file names it in a comment, # yaml-language-server: $schema=./webserv.schema.json, a JSON file in the\n' +
    'property "$schema". With --config, it includes the directives of the plugins that the configuration loads.\n',
  options: configurationOptions,
  positionals: 0,
  loadsConfiguration: ({ config, prefix }) => config !== undefined || prefix !== undefined,
  async run(given) {
    const { printSchema } = await import('../run/schema.js');
    return printSchema(given);
  },
});
