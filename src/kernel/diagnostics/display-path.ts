import { isAbsolute, relative } from 'node:path';
import { enterableDirectory } from './working-directory.js';

/**
 * The path as shown to the user: relative to the working directory if it is below it and that directory still exists.
 */
export function displayPath(path: string): string {
  const directory = enterableDirectory();
  if (directory === undefined) return path;
  const short = relative(directory, path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
