import { defineCommand } from '../command.js';
import { configurationOptions } from '../configuration-file.js';

export const explain = defineCommand({
  name: 'explain',
  summary: 'shows which server, location, file and plugins would handle a request',
  usage: ['URL [-X METHOD] [--config FILE]'],
  details:
    'No request is sent, and the server need not run. If URL is only a path, the request is for the\n' +
    "configuration's first address.\n",
  options: {
    ...configurationOptions,
    method: { type: 'string', short: 'X', value: 'METHOD', help: 'the request method; default: GET' },
  },
  positionals: 1,
  loadsConfiguration: () => true,
  async run(values, [url]) {
    const { explain } = await import('../run/explain.js');
    return explain(values, url);
  },
});
