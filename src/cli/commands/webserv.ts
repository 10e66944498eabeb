import { resolve } from 'node:path';
import { type Options, UsageError } from '../arguments.js';
import { type Command, defineCommand, table } from '../command.js';
import { configurationOptions, type Found, find, type Given, isDirectory } from '../configuration-file.js';
import { EXIT } from '../exit.js';
import { namedPath } from '../named-path.js';
import { signalWords } from '../signals.js';
import { supervise } from '../supervise.js';
import { hasColour, print } from '../terminal.js';
import { packageVersion } from '../version.js';

const options = {
  ...configurationOptions,
  test: {
    type: 'boolean',
    short: 't',
    help: 'checks the configuration without serving it; exit code 0 or 1',
  },
  strict: { type: 'boolean', help: 'with --test: also fails on warnings' },
  'print-config': {
    type: 'boolean',
    short: 'T',
    help:
      'checks the configuration and prints it with defaults and inherited values, each with its\n' +
      'place in the source; the output is a configuration of the same server',
  },
  signal: {
    type: 'string',
    short: 's',
    value: signalWords,
    help: 'signals the server that the pid file names; reload and upgrade check the configuration first',
  },
  trace: { type: 'boolean', help: 'writes every step of every request to the error log' },
  watch: { type: 'boolean', help: 'reloads when a file of the configuration or a plugin changes' },
  version: { type: 'boolean', short: 'v', help: 'prints the version' },
  versions: { type: 'boolean', short: 'V', help: 'prints the version with those of Node.js and the plugins' },
} as const satisfies Options;

/** `webserv` without a subcommand: serves, tests or prints a configuration. */
export function webserv(subcommands: readonly Command[]): Command {
  const rows = subcommands.map(({ name, summary }): readonly [string, string] => [name, summary]);
  return defineCommand({
    name: '',
    summary: 'a web server, configured like nginx, extended in TypeScript',
    usage: [
      '[--watch] [--config FILE]',
      'FILE',
      '--test [--strict] | --print-config [--config FILE]',
      `--signal ${signalWords} [--config FILE]`,
      'SUBCOMMAND …',
    ],
    details:
      `Serves until SIGTERM or SIGINT; a second one forces the end. SIGHUP reloads. Subcommands:\n\n${table(rows)}\n` +
      '"webserv help SUBCOMMAND" describes each of them.\n',
    options,
    positionals: 1,
    serves: ({ test, signal, 'print-config': printed, version, versions }) =>
      !version && !versions && !test && !printed && signal === undefined,
    loadsConfiguration: ({ test, signal, 'print-config': printed, version, versions }) =>
      !version && !versions && (test === true || printed === true || signal !== undefined),
    async run(values, [file]) {
      if (values.strict && !values.test) {
        throw new UsageError('--strict is for --test', 'webserv --test --strict');
      }
      if (values.version) return printVersion();
      if (values.versions) return printVersions();
      const found = await find(given(values, file));
      if (found === undefined) return EXIT.failure;
      if (values.signal !== undefined) {
        const { sendSignal } = await import('../signal.js');
        return sendSignal(values.signal, found);
      }
      const isPrinted = values['print-config'] === true;
      if (!values.test && !isPrinted) return serve(found, values);
      const { check } = await import('../run/check.js');
      return check(found, { isPrinted, isStrict: values.strict === true });
    },
  });
}

function given({ config, prefix }: Given, file: string | undefined): Given {
  if (file === undefined) return { config, prefix };
  if (config !== undefined)
    throw new UsageError(`expected one configuration, got two: ${config} and ${file}`);
  if (isDirectory(prefix === undefined ? namedPath(file) : resolve(prefix, file))) {
    const hint = `to serve its files: webserv serve ${file}; to use a configuration in it: webserv --prefix ${file}`;
    throw new UsageError(`${file} is a directory`, hint);
  }
  return { config: file, prefix };
}

/** The workers load the configuration, each for itself; the process that supervises them never does. */
function serve({ file, prefix }: Found, { watch = false, trace = false }: ServeFlags): Promise<number> {
  const colour = hasColour(process.stderr);
  return supervise({ launch: { kind: 'file', file, prefix, colour, trace }, watch });
}

interface ServeFlags {
  readonly watch?: boolean | undefined;
  readonly trace?: boolean | undefined;
}

async function printVersion(): Promise<number> {
  print(`webserv ${await packageVersion()}\n`);
  return EXIT.ok;
}

async function printVersions(): Promise<number> {
  const { builtinPlugins } = await import('../../builtin.js');
  const names = builtinPlugins().map(({ name }) => name);
  print(
    `webserv ${await packageVersion()}\n` +
      `Node.js ${process.versions.node} on ${process.platform} ${process.arch}\n` +
      `built-in plugins: ${names.join(', ')}\n`,
  );
  return EXIT.ok;
}
