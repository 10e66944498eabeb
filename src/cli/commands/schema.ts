import { builtinPlugins } from '../../builtin.js';
import { configSchema } from '../../kernel/config/json-schema.js';
import { defineCommand } from '../command.js';
import { configurationOptions, load } from '../configuration.js';
import { EXIT } from '../exit.js';
import { print } from '../terminal.js';

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
  async run(given) {
    const isAsked = given.config !== undefined || given.prefix !== undefined;
    const loaded = isAsked ? await load(given) : undefined;
    if (isAsked && loaded === undefined) return EXIT.failure;
    const plugins = loaded?.config.plugins ?? (await builtinPlugins());
    print(`${JSON.stringify(configSchema(plugins), null, 2)}\n`);
    return EXIT.ok;
  },
});
