import type { OptionValues } from '../contract/directive.js';
import type { Plugin } from '../contract/plugin.js';
import type { RouteView } from '../contract/route-view.js';
import type { Script, ScriptMatcher, ScriptNames } from '../contract/script.js';
import { type DecodedPath, leadingPath } from '../path/url-path.js';

/** The files that the plugins of a route run as programs, combined. */
export class RouteScripts implements ScriptMatcher {
  readonly extensions: ReadonlySet<string>;
  readonly every: boolean;
  readonly #folded: ReadonlySet<string>;

  constructor(names: readonly ScriptNames[]) {
    this.extensions = new Set(names.flatMap(({ extensions }) => [...extensions]));
    this.every = names.some(({ every }) => every);
    this.#folded = new Set([...this.extensions].map((extension) => extension.toLowerCase()));
  }

  /** @param segment the last segment of a path */
  runs(segment: string): boolean {
    return (segment !== '' && this.every) || this.extensions.has(extensionOf(segment));
  }

  /** True for a name that only a lenient file system would resolve to a script. @see lenientExtension */
  isDisguised(segment: string): boolean {
    const extension = lenientExtension(segment);
    return extension !== undefined && this.#folded.has(extension) && !this.runs(segment);
  }
}

/** With its dot; empty for a name without a dot, or whose only dot is the first character. */
export function extensionOf(segment: string): string {
  const dot = segment.lastIndexOf('.');
  return dot > 0 ? segment.slice(dot) : '';
}

/**
 * Whether the last segment contains characters that let several names denote one file: capital letters (APFS, NTFS),
 * trailing dots and spaces, a stream name (NTFS). Called for every request for a file, so it allocates nothing.
 */
export function mayBeLenient(path: string): boolean {
  const last = path.charCodeAt(path.length - 1);
  if (last === 0x2e || last === 0x20) return true;
  for (let index = path.length - 1; index >= 0; index -= 1) {
    const code = path.charCodeAt(index);
    if (code === 0x2f) return false;
    if (code === 0x3a || (code >= 0x41 && code <= 0x5a)) return true;
  }
  return false;
}

/**
 * The extension that a lenient file system sees in a name, in lower case: `.php` of `a.PHP`, `a.php. .`,
 * `a.php::$DATA`.
 * @returns undefined for a name that is unambiguous on every file system
 */
export function lenientExtension(segment: string): string | undefined {
  if (!mayBeLenient(segment)) return undefined;
  const colon = segment.indexOf(':');
  const name = (colon === -1 ? segment : segment.slice(0, colon)).replace(/[. ]+$/, '');
  const extension = extensionOf(name);
  return extension === '' ? undefined : extension.toLowerCase();
}

export function lastSegmentOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A plugin that runs scripts with a route's options, and the names that it runs. */
export interface Runner {
  readonly plugin: Plugin;
  readonly names: ScriptNames;
}

/** Script settings of a route's options: which plugins run scripts, or that none do. */
export interface ScriptOptions {
  readonly runners: readonly Runner[];
  /** True if the configuration says to send script files as they are. */
  readonly off: boolean;
}

export function scriptOptionsOf(
  plugins: readonly Plugin[],
  options: ReadonlyMap<string, OptionValues>,
): ScriptOptions {
  const runners: Runner[] = [];
  let off = false;
  for (const plugin of plugins) {
    const names = plugin.scripts?.names(options.get(plugin.name) ?? {});
    if (names === 'off') off = true;
    else if (names !== undefined) runners.push({ plugin, names });
  }
  return { runners, off: off && runners.length === 0 };
}

/** The script whose name ends at `end` in a path; undefined if the route does not run that name. */
export function scriptAt(
  route: Pick<RouteView, 'scripts' | 'resolve'>,
  path: DecodedPath,
  end: number,
): Script | undefined {
  if (route.scripts === undefined) return undefined;
  const name = leadingPath(path, end);
  const file = route.scripts.runs(lastSegmentOf(name)) ? route.resolve(name) : undefined;
  return file && { path: name, extraPath: path.slice(end), file };
}
