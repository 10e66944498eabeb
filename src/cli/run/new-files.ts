import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { displayPath } from '../../kernel/diagnostics/display-path.js';
import { errorCode } from '../../kernel/diagnostics/error-code.js';
import { print, say } from '../terminal.js';

/** A file's path from the directory of the new files, and its content. */
export type NewFiles = readonly (readonly [name: string, content: string])[];

/**
 * Creates the files, never over an existing one, and prints their names.
 * @throws the system's error
 */
export async function makeFiles(directory: string, files: NewFiles): Promise<void> {
  for (const [name, content] of files) {
    const file = join(directory, name);
    const shown = displayPath(file);
    if (await exists(file)) {
      say(`${shown} already exists and is not changed`);
      continue;
    }
    await makeDirectory(dirname(file));
    await writeFile(file, content, { flag: 'wx' });
    print(`${shown}\n`);
  }
}

/**
 * Creates a directory and its parents. Not with `mkdir({ recursive: true })`: when the system reports ENOENT for a
 * directory whose parent exists, as in /proc, Node retries without end.
 */
async function makeDirectory(directory: string): Promise<void> {
  const missing: string[] = [];
  for (let at = directory; !(await exists(at)) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  for (const each of missing.reverse()) await mkdir(each).catch(unlessThere);
}

/** Another process created it meanwhile. */
function unlessThere(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error;
}

export async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
