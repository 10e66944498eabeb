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
 * The configuration of a folder: `webserv.conf`, `webserv.yaml`, or where cosmiconfig looks for `webserv`. Folders
 * above are not looked at: in a shared one, anybody's file would be run. cosmiconfig's own search is not used: it reads the
 * package.json of the working directory for settings of its own, and throws where that is not JSON.
 * @returns its absolute path; undefined when there is none
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

/** What cannot even be looked at is left to loadConfig, which says why. */
function isThere(path: string): boolean {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats !== undefined && !stats.isDirectory();
  } catch {
    return false;
  }
}
