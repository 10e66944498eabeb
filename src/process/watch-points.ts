import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { WatchedPattern } from '../kernel/config/files/watched.js';

/** Entries of a directory whose changes matter: by name, or any. */
export type Entries = Set<string> | 'any';

/** Maximum number of symbolic links on a path, as in Linux. */
const MAX_LINKS = 40;
const WILDCARD = /[*?[\]{}()!+@|]/;

/**
 * Collects the directories to watch, by their real paths. A path leads through every directory and every symbolic link
 * on its way, and replacing any of them may make it lead elsewhere.
 */
export class WatchPoints {
  readonly #max: number;
  /** Result of each step from a real path: files share most of their way. */
  readonly #steps = new Map<string, string>();
  readonly directories = new Map<string, Entries>();
  /** Set when more directories were found than may be watched. */
  full = false;

  /** @param max maximum number of directories */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Adds every step of an absolute path, as far as it exists.
   * @returns the real path; undefined when it does not exist
   */
  addPath(path: string): Promise<string | undefined> {
    return this.#walk('/', path.split('/'), 0);
  }

  /** @param at a real path */
  async #walk(at: string, names: readonly string[], links: number): Promise<string | undefined> {
    let here = at;
    for (const name of names) {
      if (name === '' || name === '.') continue;
      const next = name === '..' ? dirname(here) : await this.#step(here, name, links);
      if (next === undefined) return undefined;
      here = next;
    }
    return here;
  }

  async #step(directory: string, name: string, links: number): Promise<string | undefined> {
    const path = join(directory, name);
    const known = this.#steps.get(path);
    if (known !== undefined) return known;
    this.#count(directory, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined) return undefined;
    const target = stats.isSymbolicLink() ? await readlink(path).catch(() => '') : undefined;
    if (target === '' || links > MAX_LINKS) return undefined;
    const start = target?.startsWith('/') ? '/' : directory;
    const reached = target === undefined ? path : await this.#walk(start, target.split('/'), links + 1);
    if (reached !== undefined) this.#steps.set(path, reached);
    return reached;
  }

  /** Adds every directory in which a new entry could make the pattern match another file. */
  async addPattern({ pattern, from }: Pick<WatchedPattern, 'pattern' | 'from'>): Promise<void> {
    const segments = pattern.split('/');
    const first = segments.findIndex((segment) => WILDCARD.test(segment));
    const start = pattern.startsWith('/') ? '/' : from;
    const fixed = await this.addPath(join(start, ...segments.slice(0, first)));
    if (fixed === undefined) return;
    const deep = segments.includes('**') ? Number.POSITIVE_INFINITY : segments.length - first - 1;
    const seen = new Set<string>();
    let level = [fixed];
    for (let depth = 0; level.length > 0 && !this.full; depth += 1) {
      const below: string[] = [];
      for (const directory of level) {
        if (seen.has(directory)) continue;
        seen.add(directory);
        this.#countAll(directory);
        if (depth < deep) below.push(...(await this.#directoriesIn(directory)));
      }
      level = below;
    }
  }

  async #directoriesIn(directory: string): Promise<readonly string[]> {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    const found: string[] = [];
    for (const entry of entries) {
      if (this.full) break;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) found.push(path);
      else if (entry.isSymbolicLink()) {
        const isDirectory = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
        const target = isDirectory ? await this.addPath(path) : undefined;
        if (target !== undefined) found.push(target);
      }
    }
    return found;
  }

  #count(directory: string, name: string): void {
    const entries = this.directories.get(directory);
    if (entries === 'any') return;
    if (entries !== undefined) entries.add(name);
    else if (this.#hasRoom()) this.directories.set(directory, new Set([name]));
  }

  #countAll(directory: string): void {
    if (this.directories.has(directory) || this.#hasRoom()) this.directories.set(directory, 'any');
  }

  #hasRoom(): boolean {
    this.full ||= this.directories.size >= this.#max;
    return !this.full;
  }
}
