import { access, constants } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { DEFAULT_PATH } from './environment.js';

/** Finds interpreters, each once: a thousand servers with scripts ask for the same few. */
export class Interpreters {
  readonly #found = new Map<string, Promise<string | undefined>>();

  /**
   * Looks a bare name up as the server's own shell would, then where scripts look: once, when the configuration is
   * loaded, so that it does not depend on what a script's PATH is.
   * @returns undefined when there is no such program
   */
  find(name: string): Promise<string | undefined> {
    const known = this.#found.get(name) ?? findInterpreter(name);
    this.#found.set(name, known);
    return known;
  }
}

async function findInterpreter(name: string): Promise<string | undefined> {
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
