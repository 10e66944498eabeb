import { readFile } from 'node:fs/promises';
import { packageDirectory } from '../package-directory.js';

/** The version in the package's own package.json, independent of where it is installed. */
export function packageVersion(): Promise<string> {
  return versionIn(new URL('package.json', packageDirectory));
}

/** The version in a package.json; `unknown` when it cannot be read or does not contain one. */
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
