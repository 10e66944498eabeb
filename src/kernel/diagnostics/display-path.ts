import { isAbsolute, relative } from 'node:path';
import { enterableDirectory } from './working-directory.js';

/** The path as it is shown to people: from the working directory where it lies below it and that is there. */
export function displayPath(path: string): string {
  const directory = enterableDirectory();
  if (directory === undefined) return path;
  const short = relative(directory, path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
