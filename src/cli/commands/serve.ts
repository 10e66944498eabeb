import { defineCommand } from '../command.js';

export const serve = defineCommand({
  name: 'serve',
  summary: 'serves a folder, without a configuration file',
  usage: ['[DIR] [--port N] [--upload] [--listing]'],
  details:
    'It serves the files of DIR, or of the current folder, to this machine only. For other machines too, give\n' +
    'an address with the port: --port 0.0.0.0:8080.\n',
  options: {
    port: {
      type: 'string',
      value: 'N',
      help: 'where it answers: [ADDRESS:]PORT; 8080 when left out',
    },
    upload: { type: 'boolean', help: 'takes files by PUT and POST, up to 1 GiB a request' },
    listing: { type: 'boolean', help: 'lists folders without an index.html' },
  },
  positionals: 1,
  async run(values, [folder]) {
    const { serveFolder } = await import('../run/serve.js');
    return serveFolder(values, folder);
  },
});
