import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { filesOf } from '../kernel/config/files/match-files.js';
import { ABSENT, asVersion, type Watched } from '../kernel/config/files/watched.js';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import { ReportOnce } from '../kernel/log/report-once.js';
import { WatchPoints } from './watch-points.js';

/** Editors write a file in several steps: one look is enough for all of them. Milliseconds. */
const SETTLE_MS = 200;
/** Where something changes all the time, it is looked all the same. */
const SETTLE_AT_MOST_MS = 1000;
/** The system does not tell of everything: not of what another machine does to a network's file system. */
const LOOK_ANYWAY_MS = 10_000;
/** Directories. */
const MAX_WATCHES = 1024;
/** Files that are looked at at once. */
const AT_ONCE = 64;

export interface WatchOptions {
  /** The configuration on the disk is not what was read last. */
  readonly changed: () => void;
  /** Reports that not everything is watched, and why: each reason once. */
  readonly complain: (text: string) => void;
}

/** What a configuration depends on, by path or by pattern, and what it was when it was read last. */
type Known = Map<string, string>;

/**
 * Reports when the configuration is not what was read last, whether that could be used or not. The system's notices are
 * only the reason to look: what counts is what the names lead to, compared with what it was just before it was read. So a
 * change is found whenever it comes, while a reload is under way too.
 */
export class Watch {
  readonly #options: WatchOptions;
  #files: Known = new Map();
  /** By pattern: what it found. */
  #patterns = new Map<string, { readonly pattern: string; readonly from: string; matches: string }>();
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #noticedAt: number | undefined;
  readonly #anyway: NodeJS.Timeout;
  #reading = false;
  #looking: Promise<void> | undefined;
  #again = false;
  readonly #reports = new ReportOnce();
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#anyway = setInterval(() => this.#look(), LOOK_ANYWAY_MS).unref();
  }

  /** The configuration is about to be read: what is known of is now as it will be read, unless the reader says otherwise. */
  async begin(): Promise<void> {
    this.#reading = true;
    await this.#looking;
    await this.#differs();
  }

  /**
   * The configuration has been read.
   * @param watched what the reader found; undefined: it came to nothing, and nothing is known but what was known before
   * @param isServed nothing else counts any more
   */
  end(watched: Watched | undefined, isServed: boolean): void {
    if (isServed) {
      this.#files = new Map();
      this.#patterns = new Map();
    }
    for (const { path, version } of watched?.files ?? []) this.#files.set(path, version);
    for (const { pattern, from, matches } of watched?.patterns ?? []) {
      this.#patterns.set(`${from}\0${pattern}`, { pattern, from, matches: matches.join('\0') });
    }
    this.#reading = false;
    this.#look();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#anyway);
    for (const watcher of this.#watchers) watcher.close();
  }

  #notice(): void {
    if (this.#closed) return;
    this.#noticedAt ??= performance.now();
    const left = this.#noticedAt + SETTLE_AT_MOST_MS - performance.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.max(0, Math.min(SETTLE_MS, left)));
  }

  #look(): void {
    if (this.#reading || this.#closed) return;
    if (this.#looking !== undefined) {
      this.#again = true;
      return;
    }
    this.#noticedAt = undefined;
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
      const isDue = this.#again;
      this.#again = false;
      if (isDue) this.#look();
    });
  }

  async #lookOnce(): Promise<void> {
    // Before the files are looked at: what happens from here on is noticed.
    await this.#watchAll();
    if ((await this.#differs()) && !this.#closed) this.#options.changed();
  }

  /** Compares with the disk, and remembers what the disk has. */
  async #differs(): Promise<boolean> {
    const patterns = await Promise.all(
      [...this.#patterns.values()].map(async (known) => {
        const matches = (await filesOf(known.pattern, known.from).catch(() => [])).join('\0');
        const isSame = matches === known.matches;
        known.matches = matches;
        return isSame;
      }),
    );
    let differs = patterns.includes(false);
    const paths = [...this.#files.keys()];
    for (let at = 0; at < paths.length; at += AT_ONCE) {
      await Promise.all(
        paths.slice(at, at + AT_ONCE).map(async (path) => {
          const version = await stat(path, { bigint: true }).then(asVersion, () => ABSENT);
          differs ||= version !== this.#files.get(path);
          this.#files.set(path, version);
        }),
      );
    }
    return differs;
  }

  /** All of them again each time: a directory that was swapped is another one by the same name. */
  async #watchAll(): Promise<void> {
    const points = new WatchPoints(MAX_WATCHES);
    for (const path of this.#files.keys()) await points.addPath(path);
    for (const known of this.#patterns.values()) await points.addPattern(known);
    if (this.#closed) return;
    const before = this.#watchers;
    this.#watchers = [...points.directories].flatMap(([directory, entries]) =>
      this.#watchDirectory(directory, (name) => {
        if (name === null || entries === 'any' || entries.has(name)) this.#notice();
      }),
    );
    for (const watcher of before) watcher.close();
    if (points.full) this.#complain(`there are more than ${MAX_WATCHES} directories`);
  }

  /** None for a directory that has gone meanwhile: its parent is watched. */
  #watchDirectory(directory: string, seen: (name: string | null) => void): readonly FSWatcher[] {
    try {
      const watcher = watch(directory, (_event, name) => seen(name));
      watcher.on('error', () => watcher.close());
      return [watcher];
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOSPC' || code === 'EMFILE')
        this.#complain('the system lets this process watch no more directories');
      return [];
    }
  }

  #complain(reason: string): void {
    if (!this.#reports.take(reason)) return;
    const seconds = LOOK_ANYWAY_MS / 1000;
    this.#options.complain(`--watch: ${reason}; changes in the others are found within ${seconds} s`);
  }
}
