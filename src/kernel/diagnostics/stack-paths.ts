import { pathToFileURL } from 'node:url';

/** How a stack may name a file or a directory: by its path, or, of a module that Node loads itself, by its URL, with escapes. */
export const spellingsOf = (path: string): readonly string[] => [path, pathToFileURL(path).href];
