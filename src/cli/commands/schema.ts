import { defineCommand } from '../command.js';
import { configurationOptions } from '../configuration-file.js';

export const schema = defineCommand({
  name: 'schema',
  summary: 'prints the JSON Schema of configurations in YAML, JSON and TypeScript',
  usage: ['[--config FILE]'],
  details:
    'An editor that has it completes directives and marks mistakes:\n\n' +
    '  webserv schema > webserv.schema.json\n\n' +
    'In YAML it is named by a comment, # yaml-language-server: $schema=./webserv.schema.json, in JSON by the\n' +
    'property "$schema". With --config, it knows the directives of the plugins that this configuration loads.\n',
  options: configurationOptions,
  positionals: 0,
  loadsConfiguration: ({ config, prefix }) => config !== undefined || prefix !== undefined,
  async run(given) {
    const { printSchema } = await import('../run/schema.js');
    return printSchema(given);
  },
});
