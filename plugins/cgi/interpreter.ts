import { access, constants } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { DEFAULT_PATH } from './environment.js';

/** Finds interpreters and caches the results: a thousand servers with scripts need the same few. */
export class Interpreters {
  readonly #found = new Map<string, Promise<string | undefined>>();

  /** Like {@link findInterpreter}, with the result of the first call for a name. */
  find(name: string): Promise<string | undefined> {
    const known = this.#found.get(name) ?? findInterpreter(name);
    this.#found.set(name, known);
    return known;
  }
}

/**
 * Searches the directories of the server's own PATH, then those of a script's; ignores relative ones.
 * @returns undefined when the program was not found
 */
export async function findInterpreter(name: string): Promise<string | undefined> {
  if (name.includes('/')) return (await isExecutable(name)) ? name : undefined;
  for (const directory of `${process.env.PATH ?? ''}:${DEFAULT_PATH}`.split(':')) {
    const program = join(directory, name);
    if (isAbsolute(directory) && (await isExecutable(program))) return program;
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
