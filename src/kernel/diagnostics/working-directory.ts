import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';

let taken: { readonly directory: string | undefined } | undefined;

/**
 * The absolute directory this server was started in. It is read once, because a deploy may remove it and the system
 * then no longer reports its path. Workers get it from the master process.
 * @returns undefined if it had been removed before
 */
export function workingDirectory(): string | undefined {
  taken ??= { directory: logicalDirectory() ?? physicalDirectory() };
  return taken.directory;
}

/** Sets the directory in a worker, before anything reads it. */
export function takeWorkingDirectory(directory: string | undefined): void {
  taken = { directory };
}

/** Changes to `/` if the working directory was removed: `process.cwd()` of other code must not throw. */
export function leaveRemovedDirectory(): void {
  if (workingDirectory() === undefined) process.chdir('/');
}

/** The working directory, or the directory that now has its path; undefined while none exists. */
export function enterableDirectory(): string | undefined {
  const directory = workingDirectory();
  return directory !== undefined && canBeEntered(directory) ? directory : undefined;
}

/**
 * The working directory by the name the shell uses. If that is a symbolic link, such as `current` in a release deploy,
 * it may point to another directory at the next reload.
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
