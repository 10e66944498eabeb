import { resolve } from 'node:path';
import { filesOf } from '../files/match-files.js';
import { codeBeside, versionOf, type Watched, type WatchedPattern } from '../files/watched.js';
import { importsOf } from './imports.js';

/** Programs next to each other that are watched; a directory with more files is not a directory of programs. */
const MAX_BESIDE = 1000;

/** The programs that a configuration runs, itself or as plugins, and what they are before they are run. */
export class Programs {
  readonly #versions = new Map<string, string>();
  readonly #patterns = new Map<string, WatchedPattern>();

  /** To be called before a program is run, also when there is none by that name. */
  async note(file: string): Promise<void> {
    for (const { path, version } of importsOf(file)) this.#add(path, version);
    const { pattern, from } = codeBeside(file);
    if (this.#patterns.has(from)) return;
    const matches = await filesOf(pattern, from).catch(() => []);
    if (matches.length > MAX_BESIDE) return;
    this.#patterns.set(from, { pattern, from, matches });
    for (const path of matches) this.#add(path, versionOf(path));
  }

  /** A package that is not installed: where it would be. */
  noteAbsent(name: string, folder: string): void {
    for (let at = folder; ; at = resolve(at, '..')) {
      const manifest = resolve(at, 'node_modules', name, 'package.json');
      this.#add(manifest, versionOf(manifest));
      if (resolve(at, '..') === at) return;
    }
  }

  get watched(): Watched {
    return {
      files: [...this.#versions].map(([path, version]) => ({ path, version })),
      patterns: [...this.#patterns.values()],
    };
  }

  /** The first: what it was before anything was read. */
  #add(path: string, version: string): void {
    if (!this.#versions.has(path)) this.#versions.set(path, version);
  }
}
