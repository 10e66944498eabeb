import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { displayPath } from '../../kernel/diagnostics/display-path.js';
import { errorCode } from '../../kernel/diagnostics/error-code.js';
import { print, say } from '../terminal.js';

/** A file's path from the folder they are made in, and its content. */
export type NewFiles = readonly (readonly [name: string, content: string])[];

/** Makes them, never over a file that is there, and prints which. @throws the system's error */
export async function makeFiles(directory: string, files: NewFiles): Promise<void> {
  for (const [name, content] of files) {
    const file = join(directory, name);
    const shown = displayPath(file);
    if (await exists(file)) {
      say(`${shown} is there already and stays as it is`);
      continue;
    }
    await makeDirectory(dirname(file));
    await writeFile(file, content, { flag: 'wx' });
    print(`${shown}\n`);
  }
}

/**
 * With the directories around it. Not by `mkdir({ recursive: true })`: where the system says ENOENT for a directory whose
 * parent is there, as in /proc, Node tries again without end.
 */
async function makeDirectory(directory: string): Promise<void> {
  const missing: string[] = [];
  for (let at = directory; !(await exists(at)) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  for (const each of missing.reverse()) await mkdir(each).catch(unlessThere);
}

/** Somebody else made it meanwhile. */
function unlessThere(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error;
}

export async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

/** So that the line can be copied. */
export function shellWord(word: string): string {
  return /^[\w./@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
