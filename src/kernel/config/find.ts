import { basename } from 'node:path';
import { cosmiconfig, getDefaultSearchPlaces, type Loader } from 'cosmiconfig';

const NAME = 'webserv';

/**
 * The configuration of a folder: `webserv.conf`, `webserv.yaml`, or where cosmiconfig looks for `webserv`. Folders
 * above are not looked at: in a shared one, anybody's file would be run.
 * @returns its absolute path; undefined when there is none
 */
export async function findConfig(folder: string): Promise<string | undefined> {
  const explorer = cosmiconfig(NAME, {
    searchPlaces: [
      `${NAME}.conf`,
      `${NAME}.yaml`,
      `${NAME}.yml`,
      `${NAME}.json`,
      ...getDefaultSearchPlaces(NAME),
    ],
    loaders: Object.fromEntries(
      ['.conf', '.yaml', '.yml', '.json', '.js', '.ts', '.cjs', '.mjs', 'noExt'].map((ending) => [
        ending,
        found,
      ]),
    ),
    cache: false,
  });
  return (await explorer.search(folder))?.filepath;
}

/** It only has to be there: loadConfig reads it. A package.json counts when it has a property for it. */
const found: Loader = (path, content) => {
  if (basename(path) !== 'package.json') return {};
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
};
