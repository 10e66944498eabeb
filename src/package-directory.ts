import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const manifest = createRequire(import.meta.url).resolve('@webserv/server/package.json');

/**
 * Directory where this package is installed. The build merges files, so the position of a source file does not tell.
 */
export const packageDirectory: URL = new URL('./', pathToFileURL(manifest));
