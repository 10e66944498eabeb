import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';

let taken: { readonly directory: string | undefined } | undefined;

/**
 * The directory this server was started in, absolute. Taken once: a deploy may remove it, and then the system cannot tell it
 * any more. Workers have it from their master.
 * @returns undefined when it had been removed before
 */
export function workingDirectory(): string | undefined {
  taken ??= { directory: logicalDirectory() ?? physicalDirectory() };
  return taken.directory;
}

/** In a worker, before anything asks. */
export function takeWorkingDirectory(directory: string | undefined): void {
  taken = { directory };
}

/** What runs here asks for one, and must not fail for want of it. */
export function leaveRemovedDirectory(): void {
  if (workingDirectory() === undefined) process.chdir('/');
}

/** The working directory, or the one that has its name by now; undefined while there is none. */
export function enterableDirectory(): string | undefined {
  const directory = workingDirectory();
  return directory !== undefined && canBeEntered(directory) ? directory : undefined;
}

/**
 * By the name that the shell knows it by: where that is a symbolic link, as `current` of a release deploy is, it may lead to
 * another directory at the next reload.
 */
function logicalDirectory(): string | undefined {
  const { PWD } = process.env;
  if (PWD === undefined || !isAbsolute(PWD)) return undefined;
  try {
    const [named, here] = [statSync(PWD), statSync('.')];
    return named.dev === here.dev && named.ino === here.ino ? PWD : undefined;
  } catch {
    return undefined;
  }
}

function physicalDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function canBeEntered(directory: string): boolean {
  try {
    accessSync(directory, constants.X_OK);
    return statSync(directory).isDirectory();
  } catch {
    return false;
  }
}
