import { UsageError } from '../arguments.js';
import { defineCommand } from '../command.js';
import { configurationOptions } from '../configuration-file.js';

export const trust = defineCommand({
  name: 'trust',
  summary: 'makes this machine trust the local certificate authority',
  usage: ['[--config FILE]', '--install | --uninstall [--config FILE]'],
  details:
    'The local authority signs the certificates of servers with "ssl_certificate internal". It is in the state_dir\n' +
    'of the configuration, or in the default one without a configuration. Without a flag, the command only prints\n' +
    'what it would do: for the store of the system, for the databases of Firefox and Chromium, and what remains to\n' +
    'be done by hand. It never runs sudo.\n\n' +
    'A program that can read the key of the authority can pretend to be any site to whatever trusts it: keep the\n' +
    'state directory private, and use --uninstall when you no longer need the authority.\n',
  options: {
    ...configurationOptions,
    install: {
      type: 'boolean',
      help: 'creates the authority if it does not exist, and installs its certificate',
    },
    uninstall: { type: 'boolean', help: 'removes the certificate; the authority itself is kept' },
  },
  positionals: 0,
  loadsConfiguration: () => true,
  async run({ install = false, uninstall = false, ...given }) {
    if (install && uninstall) throw new UsageError('--install and --uninstall exclude each other');
    const { trust } = await import('../run/trust.js');
    return trust(given, install ? 'install' : uninstall ? 'uninstall' : 'show');
  },
});
