import { displayPath } from '../../diagnostics/display-path.js';
import type { CompiledCode } from '../modules/compiler.js';
import type { KeptPlugin } from '../modules/kept-plugin.js';
import { type Matches, matchFiles } from './match-files.js';
import { type FileText, readText } from './read-file.js';
import { versionOf, type Watched, type WatchedPattern } from './watched.js';

/** Bytes of all texts of a snapshot together; it goes to every worker by a pipe, and the master keeps it. */
export const MAX_SNAPSHOT_SIZE = 32 * 1024 * 1024;

/**
 * The texts a configuration was read from: with them it can be read again when its files have changed, or are gone. The
 * source of plugins is not among them, nor is the environment.
 */
export interface ConfigSnapshot {
  /** By absolute path; of a program (TypeScript, JavaScript), the JSON it came to. */
  readonly texts: readonly (readonly [path: string, text: string])[];
  /** Files that the pattern of an `include` matched, by the directory it starts from and the pattern. */
  readonly matches: readonly (readonly [key: string, paths: readonly string[]])[];
  /** Descriptions of the plugins, for when their source is gone. */
  readonly plugins: readonly KeptPlugin[];
  /** Code of plugins and programs in TypeScript, used where their source is still the same. */
  readonly compiled: CompiledCode;
}

/** Where the texts of a configuration come from. */
export interface ConfigFiles {
  read(path: string): FileText;
  /** The files of a pattern with wildcards. */
  match(pattern: string, folder: string): Promise<Matches>;
}

const keyOf = (pattern: string, folder: string): string => `${folder}\0${pattern}`;

/** The disk; what was read from it is remembered, so that it can be had as a snapshot. */
export class DiskFiles implements ConfigFiles {
  readonly #texts = new Map<string, string>();
  readonly #matches = new Map<string, Matches>();
  readonly #versions = new Map<string, string>();
  readonly #patterns = new Map<string, WatchedPattern>();

  read(path: string): FileText {
    // Before: what changes while it is read is another version.
    if (!this.#versions.has(path)) this.#versions.set(path, versionOf(path));
    const read = readText(path);
    if ('text' in read) this.remember(path, read.text);
    return read;
  }

  async match(pattern: string, folder: string): Promise<Matches> {
    const key = keyOf(pattern, folder);
    const known = this.#matches.get(key);
    if (known !== undefined) return known;
    const matches = await matchFiles(pattern, folder);
    this.#patterns.set(key, { pattern, from: folder, matches: matches.paths });
    this.#matches.set(key, matches);
    return matches;
  }

  /** Files read and looked for so far. */
  get watched(): Watched {
    return {
      files: [...this.#versions].map(([path, version]) => ({ path, version })),
      patterns: [...this.#patterns.values()],
    };
  }

  remember(path: string, text: string): void {
    this.#texts.set(path, text);
  }

  /** undefined: together they are larger than MAX_SNAPSHOT_SIZE. */
  snapshot(compiled: CompiledCode): ConfigSnapshot | undefined {
    let size = 0;
    for (const text of this.#texts.values()) size += Buffer.byteLength(text);
    if (size > MAX_SNAPSHOT_SIZE) return undefined;
    const matches = [...this.#matches].map(([key, { paths }]) => [key, paths] as const);
    return { texts: [...this.#texts], matches, plugins: [], compiled };
  }
}

/** The files as they were when the snapshot was taken; no others exist. */
export class SnapshotFiles implements ConfigFiles {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #matches: ReadonlyMap<string, readonly string[]>;

  constructor({ texts, matches }: ConfigSnapshot) {
    this.#texts = new Map(texts);
    this.#matches = new Map(matches);
  }

  read(path: string): FileText {
    const text = this.#texts.get(path);
    return text === undefined
      ? { problem: 'absent', message: `${displayPath(path)} is not in the snapshot` }
      : { text };
  }

  /** Skipped files were reported when the snapshot was taken. */
  async match(pattern: string, folder: string): Promise<Matches> {
    return { paths: this.#matches.get(keyOf(pattern, folder)) ?? [], passedOver: [] };
  }
}
