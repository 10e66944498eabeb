import { isAbsolute, relative } from 'node:path';

/** The path as it is shown to people: from the working directory where it lies below it. */
export function displayPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
