import { readFile } from 'node:fs/promises';

/** The version in the package's own package.json, wherever it is installed. */
export async function packageVersion(): Promise<string> {
  // dist/src/cli/version.js → the package's root
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  const version =
    typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
