import { defineCommand } from '../command.js';

export const serve = defineCommand({
  name: 'serve',
  summary: 'serves a folder, without a configuration file',
  usage: ['[DIR] [--port N] [--host NAME]… [--upload] [--listing]'],
  details:
    'It serves the files of DIR, or of the current folder, to this machine only. For other machines too, give\n' +
    'an address with the port: --port 0.0.0.0:8080.\n\n' +
    'On a loopback address it answers for loopback names only (localhost, *.localhost, 127.0.0.0/8, [::1]): a web\n' +
    'page whose name an attacker points at this machine gets 421. To use another name: --host NAME.\n',
  options: {
    port: {
      type: 'string',
      value: 'N',
      help: 'where it answers: [ADDRESS:]PORT; 8080 when left out',
    },
    host: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: 'answers for this host name too; may be repeated',
    },
    upload: { type: 'boolean', help: 'takes files by PUT and POST, up to 1 GiB a request' },
    listing: { type: 'boolean', help: 'lists folders without an index.html' },
  },
  positionals: 1,
  serves: () => true,
  async run(values, [folder]) {
    const { serveFolder } = await import('../run/serve.js');
    return serveFolder(values, folder);
  },
});
