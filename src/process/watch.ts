import { type FSWatcher, watch } from 'node:fs';
import { filesOf } from '../kernel/config/files/match-files.js';
import { currentVersion, type Watched } from '../kernel/config/files/watched.js';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import { ReportOnce } from '../kernel/log/report-once.js';
import { WatchPoints } from './watch-points.js';

/** Editors write a file in several steps; one check after this delay covers all of them. Milliseconds. */
const SETTLE_MS = 200;
/** Maximum delay of a check when changes never stop. */
const SETTLE_AT_MOST_MS = 1000;
/** The system does not report every change, such as one made by another machine on a network file system. */
const POLL_MS = 10_000;
/** Maximum number of watched directories. */
const MAX_WATCHES = 1024;
/** Maximum number of files examined in parallel. */
const PARALLEL_STATS = 64;

export interface WatchOptions {
  /** Called when the configuration on disk differs from what was read last. */
  readonly changed: () => void;
  /** Reports that not everything is watched, and why: each reason once. */
  readonly warn: (text: string) => void;
  /** Begins each such report; default: `--watch`. */
  readonly name?: string;
  /** Interval of the checks without notifications, in milliseconds; default: 10 seconds. */
  readonly pollMs?: number;
}

/** Files that the configuration depends on, with their versions when last read. */
type Known = Map<string, string>;

/**
 * Reports when the configuration on disk differs from what was read last, whether or not that was valid. Notifications
 * from the system only trigger a check: the check compares the files that the names lead to with their versions from
 * just before they were read. So a change is found whenever it happens, also during a reload.
 */
export class Watch {
  readonly #options: WatchOptions;
  #files: Known = new Map();
  /** Files that each pattern matched. */
  #patterns = new Map<string, { readonly pattern: string; readonly from: string; matches: string }>();
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #noticedAt: number | undefined;
  readonly #pollMs: number;
  readonly #poll: NodeJS.Timeout;
  #reading = false;
  #checking: Promise<void> | undefined;
  #again = false;
  readonly #reports = new ReportOnce();
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#pollMs = options.pollMs ?? POLL_MS;
    this.#poll = setInterval(() => this.#check(), this.#pollMs).unref();
  }

  /** Called before the configuration is read: records the current versions, until the reader reports what it read. */
  async begin(): Promise<void> {
    this.#reading = true;
    await this.#checking;
    await this.#differs();
  }

  /**
   * Called after the configuration was read.
   * @param watched files that the reader found; undefined: it failed, and the recorded versions stay
   * @param isServed whether it is now in use: then only its files are watched
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
    this.#check();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#poll);
    for (const watcher of this.#watchers) watcher.close();
  }

  #notice(): void {
    if (this.#closed) return;
    this.#noticedAt ??= performance.now();
    const left = this.#noticedAt + SETTLE_AT_MOST_MS - performance.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), Math.max(0, Math.min(SETTLE_MS, left)));
  }

  #check(): void {
    if (this.#reading || this.#closed) return;
    if (this.#checking !== undefined) {
      this.#again = true;
      return;
    }
    this.#noticedAt = undefined;
    this.#checking = this.#compare().finally(() => {
      this.#checking = undefined;
      const isDue = this.#again;
      this.#again = false;
      if (isDue) this.#check();
    });
  }

  async #compare(): Promise<void> {
    // Watches first, then compares: changes from here on are noticed.
    await this.#watchAll();
    if ((await this.#differs()) && !this.#closed) this.#options.changed();
  }

  /** Compares the recorded versions with the disk, and records those of the disk. */
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
    for (let at = 0; at < paths.length; at += PARALLEL_STATS) {
      await Promise.all(
        paths.slice(at, at + PARALLEL_STATS).map(async (path) => {
          const version = await currentVersion(path);
          differs ||= version !== this.#files.get(path);
          this.#files.set(path, version);
        }),
      );
    }
    return differs;
  }

  /** Watches all directories again each time: a directory that was replaced has the same name, but is another one. */
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
    if (points.full) this.#warn(`more than ${MAX_WATCHES} directories would have to be watched`);
  }

  /** Empty for a directory that was deleted meanwhile: its parent is watched. */
  #watchDirectory(directory: string, seen: (name: string | null) => void): readonly FSWatcher[] {
    try {
      const watcher = watch(directory, (_event, name) => seen(name));
      watcher.on('error', () => watcher.close());
      return [watcher];
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOSPC' || code === 'EMFILE')
        this.#warn('the system does not let this process watch more directories');
      return [];
    }
  }

  #warn(reason: string): void {
    if (!this.#reports.take(reason)) return;
    const seconds = this.#pollMs / 1000;
    const { name = '--watch', warn } = this.#options;
    warn(`${name}: ${reason}; changes in the remaining ones are found within ${seconds} s`);
  }
}
