import type { DecodedPath, FilePath } from '../path/url-path.js';

/** The files that a plugin runs as programs. */
export interface ScriptNames {
  /** With their dot: `.php`. */
  readonly extensions: ReadonlySet<string>;
  /** True if every file below the root is a script, whatever its name. */
  readonly every: boolean;
}

/** The script that a request names, and what follows its name in the path. */
export interface Script {
  /** The part of the path that names it: `/cgi/a.py`. */
  readonly path: DecodedPath;
  /** The part behind that: empty, or from a slash on. */
  readonly extraPath: string;
  /** The file by that name below the root. */
  readonly file: FilePath;
}

/** The files of a route that plugins run as programs. */
export interface ScriptMatcher extends ScriptNames {
  /**
   * Whether a file of that name is a script.
   * @param segment the last one of a path
   */
  runs(segment: string): boolean;
  /** True for a name that only a lenient file system takes for a script's: `a.PHP`, `a.php.`, `a.php::$DATA`. */
  isDisguised(segment: string): boolean;
}
