import { defineCommand } from '../command.js';
import { configurationOptions } from '../configuration-file.js';

export const explain = defineCommand({
  name: 'explain',
  summary: 'tells which server, location, file and plugins a request would meet',
  usage: ['URL [-X METHOD] [--config FILE]'],
  details:
    'The request is not made, and the server need not run. URL may be a path alone: it is then asked of the\n' +
    "configuration's first address.\n",
  options: {
    ...configurationOptions,
    method: { type: 'string', short: 'X', value: 'METHOD', help: 'GET when left out' },
  },
  positionals: 1,
  loadsConfiguration: () => true,
  async run(values, [url]) {
    const { explain } = await import('../run/explain.js');
    return explain(values, url);
  },
});
