import { pathToFileURL } from 'node:url';

/**
 * The ways a stack trace may name a file or directory: by its path, or, for modules that Node loads itself, by its
 * percent-encoded `file:` URL.
 */
export const spellingsOf = (path: string): readonly string[] => [path, pathToFileURL(path).href];
