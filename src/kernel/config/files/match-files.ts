import { access, constants, readdir, readlink, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode } from '../../diagnostics/error-code.js';
import { reasonOf } from '../../diagnostics/findings.js';

/** Result of the pattern of an `include`. */
export interface Matches {
  /** Absolute, sorted. */
  readonly paths: readonly string[];
  /** Paths it could not read, each with the reason. */
  readonly passedOver: readonly string[];
}

/** A link that leads in a circle counts as dangling too. */
const DANGLING = new Set(['ENOENT', 'ELOOP', 'ENOTDIR']);

/** The files of a pattern with wildcards, without a look at what it does not find. */
export async function filesOf(pattern: string, folder: string): Promise<readonly string[]> {
  const { glob } = await import('tinyglobby');
  return (await glob(pattern, { cwd: folder, absolute: true, expandDirectories: false })).sort();
}

/** The files of a pattern with wildcards. Hidden names need a dot in the pattern, as in a shell. */
export async function matchFiles(pattern: string, folder: string): Promise<Matches> {
  const paths = await filesOf(pattern, folder);
  const passedOver: string[] = [];
  for (const directory of await directoriesOf(pattern, folder)) {
    const reason = await whyUnreadable(directory);
    if (reason === undefined) passedOver.push(...(await deadLinks(directory, pattern)));
    else passedOver.push(`the directory ${directory} cannot be read: ${reason}`);
  }
  return { paths, passedOver };
}

/** The directories that a pattern's names are looked for in. */
async function directoriesOf(pattern: string, folder: string): Promise<ReadonlySet<string>> {
  const { glob, isDynamicPattern } = await import('tinyglobby');
  const segments = pattern.split('/');
  const first = segments.findIndex((segment) => isDynamicPattern(segment));
  const isAtRoot = first === 1 && pattern.startsWith('/');
  const found = new Set([isAtRoot ? '/' : resolve(folder, segments.slice(0, Math.max(first, 0)).join('/'))]);
  for (let end = first + 1; end < segments.length; end += 1) {
    const prefix = segments.slice(0, end).join('/');
    if (!isWhole(prefix)) continue;
    const options = { cwd: folder, absolute: true, expandDirectories: false, onlyDirectories: true } as const;
    for (const directory of await glob(prefix, options)) found.add(directory.replace(/\/+$/, '') || '/');
  }
  return found;
}

/** `{a/b,c}` holds a slash that separates no segments. */
function isWhole(pattern: string): boolean {
  const count = (char: string): number => pattern.split(char).length - 1;
  return count('{') === count('}') && count('(') === count(')') && count('[') === count(']');
}

async function whyUnreadable(directory: string): Promise<string | undefined> {
  try {
    await access(directory, constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    // A directory that is not there has no files: nginx says nothing about it either.
    return errorCode(error) === 'ENOENT' ? undefined : reasonOf(error);
  }
}

/** Links in a directory that the last part of the pattern matches and whose target cannot be read. */
async function deadLinks(directory: string, pattern: string): Promise<readonly string[]> {
  const isMeant = namesLike(pattern.split('/').at(-1) ?? '');
  const dead: string[] = [];
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isSymbolicLink() || !isMeant(entry.name)) continue;
    const problem = await linkProblem(join(directory, entry.name));
    if (problem !== undefined) dead.push(problem);
  }
  return dead.sort();
}

/** Compares how the names begin and end. Only the glob itself could tell exactly, and it leaves these links out. */
function namesLike(segment: string): (name: string) => boolean {
  const [prefix = ''] = /^[^*?[\]{}()!+@|]*/.exec(segment) ?? [];
  const [suffix = ''] = /[^*?[\]{}()!+@|]*$/.exec(segment) ?? [];
  return (name) =>
    name.startsWith(prefix) && name.endsWith(suffix) && (prefix.startsWith('.') || !name.startsWith('.'));
}

async function linkProblem(link: string): Promise<string | undefined> {
  try {
    await stat(link);
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    if (!DANGLING.has(code)) return `${link} cannot be read: ${reasonOf(error)}`;
    const target = await readlink(link).catch(() => 'nothing');
    return `the link ${link} leads to ${target}, which is not there`;
  }
}
