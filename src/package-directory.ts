import { existsSync } from 'node:fs';

/**
 * Directory where this package is installed: the nearest one with a package.json. The build merges files, so the position
 * of a source file does not tell.
 */
export const packageDirectory: URL = nearestPackage(new URL('./', import.meta.url));

function nearestPackage(directory: URL): URL {
  if (existsSync(new URL('package.json', directory))) return directory;
  const above = new URL('../', directory);
  if (above.href === directory.href) throw new Error('package.json is missing');
  return nearestPackage(above);
}
