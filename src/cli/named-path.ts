import { isAbsolute, resolve } from 'node:path';
import { workingDirectory } from '../kernel/diagnostics/working-directory.js';
import { UsageError } from './arguments.js';

/**
 * Makes a path of the command line absolute.
 * @throws UsageError for a relative path when the working directory was removed
 */
export function namedPath(path: string): string {
  if (isAbsolute(path)) return resolve(path);
  const directory = workingDirectory();
  if (directory === undefined) {
    const hint = 'change to another directory, or use an absolute path';
    throw new UsageError(
      `the working directory has been removed, so the relative path "${path}" cannot be resolved`,
      hint,
    );
  }
  // The system resolves ".." after a symbolic link from the link's target.
  const isAbove = path.split('/').includes('..');
  return resolve(isAbove ? process.cwd() : directory, path);
}
