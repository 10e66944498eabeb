import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { getDefaultSearchPlaces } from 'cosmiconfig';
import { readText } from './read-file.js';

const NAME = 'webserv';

const PLACES = [
  `${NAME}.conf`,
  `${NAME}.yaml`,
  `${NAME}.yml`,
  `${NAME}.json`,
  ...getDefaultSearchPlaces(NAME),
];

/**
 * Finds the configuration of a directory: `webserv.conf`, `webserv.yaml`, or a name that cosmiconfig uses for
 * `webserv`. Parent directories are not searched: in a shared one, another user's file would be run. The search of
 * cosmiconfig itself is not used: it reads settings from the package.json of the working directory, and throws where
 * that is not JSON.
 * @returns its absolute path; undefined when none exists
 */
export function findConfig(folder: string): string | undefined {
  return PLACES.map((place) => join(folder, place)).find(isConfiguration);
}

/** It only has to be there: loadConfig reads it. A package.json counts when it has a property for it. */
function isConfiguration(path: string): boolean {
  if (basename(path) !== 'package.json') return isThere(path);
  const read = readText(path);
  if (!('text' in read)) return false;
  try {
    const value: unknown = JSON.parse(read.text.replace(/^\ufeff/, ''));
    return typeof value === 'object' && value !== null && Object.hasOwn(value, NAME);
  } catch {
    return false;
  }
}

/** loadConfig reports why a path cannot be inspected. */
function isThere(path: string): boolean {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats !== undefined && !stats.isDirectory();
  } catch {
    return false;
  }
}
