import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { Options } from './arguments.js';
import { UsageError } from './arguments.js';
import { namedPath } from './named-path.js';
import { say } from './terminal.js';

/** Flags of every command that reads a configuration. */
export const configurationOptions = {
  config: {
    type: 'string',
    short: 'c',
    value: 'FILE',
    help:
      'the configuration: .conf, YAML, JSON, TypeScript or JavaScript; without it,\n' +
      'webserv.conf, webserv.yaml, … in the current directory',
  },
  prefix: {
    type: 'string',
    short: 'p',
    value: 'DIR',
    help:
      "the base of --config, and of the configuration's relative paths if it has no server_dir;\n" +
      "without it, the current directory and the configuration's own",
  },
} as const satisfies Options;

/** Flags that select a configuration. */
export interface Given {
  readonly config?: string | undefined;
  readonly prefix?: string | undefined;
}

/** A configuration file that exists or was named. It has not been read yet. */
export interface Found {
  /** Absolute. */
  readonly file: string;
  /** Absolute. */
  readonly prefix: string | undefined;
}

/**
 * Finds the configuration; undefined when none is named and the directory has none.
 * @throws UsageError
 */
export async function locate({ config, prefix }: Given): Promise<Found | undefined> {
  const isAbsolutelyNamed = prefix === undefined && config !== undefined && isAbsolute(config);
  const start = isAbsolutelyNamed ? '/' : namedPath(prefix ?? '.');
  if (!isDirectory(start)) throw new UsageError(`--prefix: ${prefix} is not a directory`);
  const file = config === undefined ? await search(start) : fileFrom(start, config, prefix);
  return file === undefined ? undefined : { file, prefix: prefix === undefined ? undefined : start };
}

/** Finds the configuration, and reports when the directory has none. */
export async function find(given: Given): Promise<Found | undefined> {
  const found = await locate(given);
  if (found === undefined) {
    say(`found no configuration, such as webserv.conf, in ${namedPath(given.prefix ?? '.')}`);
    say(
      'to name one: webserv --config FILE; to create one: webserv init; to serve without one: webserv serve',
    );
  }
  return found;
}

function fileFrom(start: string, config: string, prefix: string | undefined): string {
  return prefix === undefined ? namedPath(config) : resolve(start, config);
}

export function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // The path leads below a file or through a directory that may not be entered, or a name is too long.
    return false;
  }
}

/** Imported only when needed: the search knows every configuration form. */
async function search(directory: string): Promise<string | undefined> {
  const { findConfig } = await import('../kernel/config/files/find.js');
  return findConfig(directory);
}
