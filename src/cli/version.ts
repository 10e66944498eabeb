import { readFile } from 'node:fs/promises';
import { packageFolder } from '../package-folder.js';

/** The version in the package's own package.json, wherever it is installed. */
export function packageVersion(): Promise<string> {
  return versionIn(new URL('package.json', packageFolder));
}

/** The version a package.json names; `unknown` when it cannot be read or names none. */
export async function versionIn(file: URL): Promise<string> {
  try {
    const manifest: unknown = JSON.parse(await readFile(file, 'utf8'));
    const isObject = typeof manifest === 'object' && manifest !== null;
    const version = isObject && 'version' in manifest ? manifest.version : undefined;
    return typeof version === 'string' ? version : 'unknown';
  } catch {
    return 'unknown';
  }
}
