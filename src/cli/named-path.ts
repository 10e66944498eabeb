import { isAbsolute, resolve } from 'node:path';
import { workingDirectory } from '../kernel/diagnostics/working-directory.js';
import { UsageError } from './arguments.js';

/** A path of the command line, absolute. @throws UsageError for a relative one where there is no working directory any more */
export function namedPath(path: string): string {
  if (isAbsolute(path)) return resolve(path);
  const directory = workingDirectory();
  if (directory === undefined) {
    const hint = 'change to another directory, or write an absolute path';
    throw new UsageError(`the working directory has been removed, so "${path}" names nothing`, hint);
  }
  // Above a symbolic link, the system goes to the parent of what it leads to.
  const isAbove = path.split('/').includes('..');
  return resolve(isAbove ? process.cwd() : directory, path);
}
