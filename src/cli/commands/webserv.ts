import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { builtinPlugins } from '../../builtin.js';
import type { RouteConfig } from '../../kernel/config/compile.js';
import { effectiveConfig } from '../../kernel/config/effective.js';
import { printConfig } from '../../kernel/config/print.js';
import { count, counted } from '../../kernel/failure.js';
import { type Options, UsageError } from '../arguments.js';
import { type Command, defineCommand, table } from '../command.js';
import {
  configurationOptions,
  type Found,
  find,
  type Given,
  isFolder,
  loadFound,
  withAssembly,
} from '../configuration.js';
import { EXIT } from '../exit.js';
import { sendSignal, signalWords } from '../signal.js';
import { supervise } from '../supervise.js';
import { hasColour, print, say } from '../terminal.js';
import { packageVersion } from '../version.js';

const options = {
  ...configurationOptions,
  test: {
    type: 'boolean',
    short: 't',
    help: 'checks the configuration and serves nothing; exit code 0 or 1',
  },
  'print-config': {
    type: 'boolean',
    short: 'T',
    help:
      'checks it and prints what it comes to, with defaults and inherited values, each with\n' +
      'where it is written; what is printed is a configuration of the same server',
  },
  signal: {
    type: 'string',
    short: 's',
    value: signalWords,
    help: 'checks the configuration, then tells the server that its pid file names',
  },
  watch: { type: 'boolean', help: 'reloads when a file of the configuration, or a plugin, changes' },
  version: { type: 'boolean', short: 'v', help: 'the version' },
  versions: { type: 'boolean', short: 'V', help: 'the version with those of all that it runs on' },
} as const satisfies Options;

/** `webserv` without a subcommand: serves a configuration, or tests or prints it. */
export function webserv(subcommands: readonly Command[]): Command {
  const rows = subcommands.map(({ name, summary }): readonly [string, string] => [name, summary]);
  return defineCommand({
    name: '',
    summary: 'a web server, configured like nginx, extended in TypeScript',
    usage: ['[--config FILE]', 'FILE', '--test | --print-config [--config FILE]', 'SUBCOMMAND …'],
    details:
      `It serves until SIGTERM or SIGINT; a second one ends it at once. SIGHUP reloads. Instead of that:\n\n${table(rows)}\n` +
      '"webserv help SUBCOMMAND" tells more about each.\n',
    options,
    positionals: 1,
    async run(values, [file]) {
      if (values.version) return printVersion();
      if (values.versions) return printVersions();
      const found = await find(given(values, file));
      if (found === undefined) return EXIT.failure;
      if (values.signal !== undefined) return sendSignal(values.signal, found);
      const isPrinted = values['print-config'] === true;
      return values.test || isPrinted ? check(found, isPrinted) : serve(found, values.watch === true);
    },
  });
}

function given({ config, prefix }: Given, file: string | undefined): Given {
  if (file === undefined) return { config, prefix };
  if (config !== undefined) throw new UsageError(`one configuration is enough: ${config} or ${file}?`);
  if (isFolder(resolve(prefix ?? '.', file))) {
    const hint = `to serve its files: webserv serve ${file}; by the configuration in it: webserv --prefix ${file}`;
    throw new UsageError(`${file} is a folder`, hint);
  }
  return { config: file, prefix };
}

/** The workers load the configuration, each for itself; the process that watches over them never does. */
function serve({ file, prefix }: Found, watch: boolean): Promise<number> {
  return supervise({ launch: { kind: 'file', file, prefix, colour: hasColour(process.stderr) }, watch });
}

/** As a start would, up to the sockets: a plugin may refuse what the loader cannot know. */
async function check(found: Found, isPrinted: boolean): Promise<number> {
  const start = performance.now();
  const loaded = await loadFound(found);
  if (loaded === undefined) return EXIT.failure;
  const { config, source, diagnostics } = loaded;
  const warned = await withAssembly(config, ({ warnings }) => [...diagnostics, ...warnings]);
  if (warned === undefined) return EXIT.failure;
  const milliseconds = Math.ceil(performance.now() - start);
  if (isPrinted) print(printConfig(effectiveConfig(config, source), config.file));
  const locations = config.servers.reduce((sum, { route }) => sum + locationsIn(route), 0);
  const size = `${count(config.servers.length, 'server')}, ${count(locations, 'location')}`;
  const warnings = warned.length === 0 ? '' : ` (${counted(warned)})`;
  say(`${config.file} is fine${warnings}: ${size}, checked in ${milliseconds} ms`);
  return EXIT.ok;
}

function locationsIn({ children }: RouteConfig): number {
  return children.reduce((sum, child) => sum + 1 + locationsIn(child), 0);
}

async function printVersion(): Promise<number> {
  print(`webserv ${await packageVersion()}\n`);
  return EXIT.ok;
}

async function printVersions(): Promise<number> {
  const names = (await builtinPlugins()).map(({ name }) => name);
  print(
    `webserv ${await packageVersion()}\n` +
      `Node.js ${process.versions.node} on ${process.platform} ${process.arch}\n` +
      `built-in plugins: ${names.join(', ')}\n`,
  );
  return EXIT.ok;
}
