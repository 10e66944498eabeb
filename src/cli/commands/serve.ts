import { defineCommand } from '../command.js';

export const serve = defineCommand({
  name: 'serve',
  summary: 'serves a directory, without a configuration file',
  usage: ['[DIR] [--port N] [--https] [--host NAME]… [--upload] [--listing]'],
  details:
    'Serves the files of DIR, or of the current directory, to this machine only. To serve other machines too,\n' +
    'give an address with the port: --port 0.0.0.0:8080.\n\n' +
    'On a loopback address, it accepts only loopback names (localhost, *.localhost, 127.0.0.0/8, [::1]). A web\n' +
    'page whose name an attacker points at this machine gets status 421. To accept another name: --host NAME.\n\n' +
    'With --https, the certificate is made by the local authority. It is for localhost, 127.0.0.1, [::1] and the\n' +
    'names of --host. Browsers accept it once they trust the authority: webserv trust\n',
  options: {
    port: {
      type: 'string',
      value: 'N',
      help: 'the address to listen on: [ADDRESS:]PORT; default: 8080, with --https 8443',
    },
    https: { type: 'boolean', help: 'serves by TLS, with a certificate of the local authority' },
    host: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: 'also accepts this host name; may be repeated',
    },
    upload: { type: 'boolean', help: 'accepts files by PUT and POST, up to 1 GiB a request' },
    listing: { type: 'boolean', help: 'lists directories without an index.html' },
  },
  positionals: 1,
  serves: () => true,
  async run(values, [path]) {
    const { serveDirectory } = await import('../run/serve.js');
    return serveDirectory(values, path);
  },
});
