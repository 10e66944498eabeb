import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { Options } from './arguments.js';
import { UsageError } from './arguments.js';
import { namedPath } from './named-path.js';
import { say } from './terminal.js';

/** The flags of every subcommand that looks at a configuration. */
export const configurationOptions = {
  config: {
    type: 'string',
    short: 'c',
    value: 'FILE',
    help:
      'the configuration: .conf, YAML, JSON, TypeScript or JavaScript; without it,\n' +
      'webserv.conf, webserv.yaml, … in the current folder',
  },
  prefix: {
    type: 'string',
    short: 'p',
    value: 'DIR',
    help:
      "what --config starts from, and the configuration's relative paths where it has no\n" +
      "server_dir; without it, the current folder and the configuration's own",
  },
} as const satisfies Options;

/** Which configuration is meant. */
export interface Given {
  readonly config?: string | undefined;
  readonly prefix?: string | undefined;
}

/** A configuration file that is there, or is named: nobody has looked into it yet. */
export interface Found {
  /** Absolute. */
  readonly file: string;
  /** Absolute. */
  readonly prefix: string | undefined;
}

/** The configuration that is meant; undefined when none is named and there is none. @throws UsageError */
export async function locate({ config, prefix }: Given): Promise<Found | undefined> {
  const isAbsolutelyNamed = prefix === undefined && config !== undefined && isAbsolute(config);
  const start = isAbsolutelyNamed ? '/' : namedPath(prefix ?? '.');
  if (!isFolder(start)) throw new UsageError(`--prefix: there is no folder ${prefix}`);
  const file = config === undefined ? await search(start) : fileFrom(start, config, prefix);
  return file === undefined ? undefined : { file, prefix: prefix === undefined ? undefined : start };
}

/** The same, but says so when there is none. */
export async function find(given: Given): Promise<Found | undefined> {
  const found = await locate(given);
  if (found === undefined) {
    say(`there is no configuration in ${namedPath(given.prefix ?? '.')}, such as webserv.conf`);
    say('name one: webserv --config FILE; make one: webserv init; do without: webserv serve');
  }
  return found;
}

function fileFrom(start: string, config: string, prefix: string | undefined): string {
  return prefix === undefined ? namedPath(config) : resolve(start, config);
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false; // below a file, in a directory nobody may enter, a name too long: that it is no folder is all there is to say
  }
}

/** What searches knows every form there is: not needed by who names a file. */
async function search(folder: string): Promise<string | undefined> {
  const { findConfig } = await import('../kernel/config/files/find.js');
  return findConfig(folder);
}
