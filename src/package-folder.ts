import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const manifest = createRequire(import.meta.url).resolve('@webserv/server/package.json');

/** Where this package is installed. The build joins files: where a line of code stands does not tell. */
export const packageFolder: URL = new URL('./', pathToFileURL(manifest));
