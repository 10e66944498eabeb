import { access, constants } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { DEFAULT_PATH } from './environment.js';

/**
 * Looks a bare name up as the server's own shell would, then where scripts look: once, when the configuration is loaded,
 * so that it does not depend on what a script's PATH is.
 * @returns undefined when there is no such program
 */
export async function findInterpreter(name: string): Promise<string | undefined> {
  if (name.includes('/')) return (await isExecutable(name)) ? name : undefined;
  for (const folder of `${process.env.PATH ?? ''}:${DEFAULT_PATH}`.split(':')) {
    const program = join(folder, name);
    if (isAbsolute(folder) && (await isExecutable(program))) return program;
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
