#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { run } from './run.js';
import { packageVersion } from './version.js';

const USAGE = `webserv: a web server, configured like nginx, extended in TypeScript

usage: webserv [--config FILE]
       webserv FILE

  -c, --config FILE   the configuration: .conf, YAML, JSON, TypeScript or JavaScript;
                      without one it is searched for from the current folder up
  -h, --help          this text
  -v, --version       the version

exit codes: 0 stopped as asked, 1 the configuration or an address cannot be used, 2 a mistake in the command line
`;

/** What went wrong in the command line itself. */
const EXIT_USAGE = 2;

async function main(): Promise<number> {
  const parsed = readArguments();
  if (parsed === undefined) return EXIT_USAGE;
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.version) {
    process.stdout.write(`webserv ${await packageVersion()}\n`);
    return 0;
  }
  const files = values.config === undefined ? positionals : [values.config, ...positionals];
  if (files.length > 1) return usageError(`one configuration file is enough, got ${files.join(' and ')}`);
  return run(files[0]);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    usageError(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function usageError(message: string): number {
  process.stderr.write(`webserv: ${message}\ntry: webserv --help\n`);
  return EXIT_USAGE;
}

process.exitCode = await main();
