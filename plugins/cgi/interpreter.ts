import { access, constants } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { DEFAULT_PATH } from './environment.js';

/** Finds interpreters, each once: a thousand servers with scripts ask for the same few. */
export class Interpreters {
  readonly #found = new Map<string, Promise<string | undefined>>();

  /** As {@link findInterpreter}, of what was there when it was asked for first: not what a script's PATH is by then. */
  find(name: string): Promise<string | undefined> {
    const known = this.#found.get(name) ?? findInterpreter(name);
    this.#found.set(name, known);
    return known;
  }
}

/**
 * Looks a bare name up as the server's own shell would, then where scripts look; never in a relative folder.
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
