/**
 * From a URL's path to a file's: the only code that may build the one from the other.
 *
 * A request's path is decoded once, here, before anything is matched against it. What cannot mean a file (NUL,
 * control characters, encoded slashes, invalid UTF-8, a climb above `/`) is refused, not repaired.
 */

declare const decoded: unique symbol;
declare const file: unique symbol;

/** A URL's path, decoded once and without dot segments or empty segments. Starts with `/`. */
export type DecodedPath = string & { readonly [decoded]: true };

/** A file's absolute path made by `resolveUnder`; by its segments it lies in `root` or is it. */
export type FilePath = string & { readonly [file]: true };

/** Where a block's `root` maps its prefix: URL paths below `prefix` are files below `directory`. */
export interface RootMapping {
  /** `/` or `/img`: no slash at the end but for the root's. */
  readonly prefix: string;
  /** Absolute, no slash at the end. */
  readonly directory: string;
}

const CODE = { percent: 0x25, dot: 0x2e, slash: 0x2f, backslash: 0x5c, delete: 0x7f } as const;

function isDecodedPath(path: string): path is DecodedPath {
  return path.charCodeAt(0) === CODE.slash;
}

function isFilePath(path: string): path is FilePath {
  return path.length > 0;
}

/** True when nothing in it needs decoding or resolving: the usual case, in one pass. */
function isPlain(raw: string): boolean {
  let previous = 0;
  for (let index = 0; index < raw.length; index += 1) {
    const code = raw.charCodeAt(index);
    if (code <= 0x20 || code === CODE.percent || code >= CODE.delete || code === CODE.backslash) return false;
    // An empty segment, or one that starts with a dot and may be a dot segment.
    if (previous === CODE.slash && (code === CODE.slash || code === CODE.dot)) return false;
    previous = code;
  }
  return true;
}

function percentDecode(raw: string): string | undefined {
  // %2f and %5c would become separators that the matching never saw.
  if (/%(?:2f|5c|00)/i.test(raw)) return undefined;
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined; // a bad escape or bytes that are not UTF-8, overlong forms included
  }
}

function hasForbiddenCharacter(path: string): boolean {
  for (let index = 0; index < path.length; index += 1) {
    const code = path.charCodeAt(index);
    if (code < 0x20 || code === CODE.delete || code === CODE.backslash) return true;
  }
  return false;
}

/**
 * Decodes a request-target's path (RFC 3986 §2.1), merges repeated slashes and resolves dot segments (§5.2.4).
 * @returns undefined for a path that is refused: the answer is 400.
 */
export function decodePath(raw: string): DecodedPath | undefined {
  if (raw.charCodeAt(0) !== CODE.slash) return undefined;
  if (isPlain(raw)) return isDecodedPath(raw) ? raw : undefined;
  const path = percentDecode(raw);
  if (path === undefined || hasForbiddenCharacter(path)) return undefined;
  const kept: string[] = [];
  const segments = path.split('/');
  const last = segments.at(-1);
  for (const segment of segments) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.pop() === undefined) return undefined; // above the root
  }
  const directory = last === '' || last === '.' || last === '..';
  const resolved = `/${kept.join('/')}${directory && kept.length > 0 ? '/' : ''}`;
  return isDecodedPath(resolved) ? resolved : undefined;
}

/** Encodes a decoded path or a single name for use in a URL; slashes stay. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

/** RFC 3986 §3.3: what encodeURIComponent leaves alone is allowed in a segment, lone surrogates are replaced. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment.toWellFormed()).replace(
    /['()*!]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** True for `prefix` itself and all below it, by whole segments: `/img` covers `/img/a`, never `/imgs`. */
export function isUnder(path: string, prefix: string): boolean {
  if (prefix === '/') return true;
  if (!path.startsWith(prefix)) return false;
  return path.length === prefix.length || path.charCodeAt(prefix.length) === CODE.slash;
}

/** The segments below `/.well-known` are for everybody (RFC 8615); every other name with a leading dot is hidden. */
export function hasHiddenSegment(path: string): boolean {
  let start = path.indexOf('/.');
  if (start === 0 && isUnder(path, '/.well-known')) start = path.indexOf('/.', 1);
  return start !== -1;
}

/**
 * The file a decoded path names under a mapping. The answer keeps a slash at the path's end.
 * @returns undefined when the path is not under the mapping's prefix.
 */
export function resolveUnder(mapping: RootMapping, path: DecodedPath): FilePath | undefined {
  if (!isUnder(path, mapping.prefix)) return undefined;
  const rest = mapping.prefix === '/' ? path : path.slice(mapping.prefix.length);
  const resolved = mapping.directory === '/' ? rest || '/' : mapping.directory + rest;
  return isFilePath(resolved) ? resolved : undefined;
}

/** C0 and C1 controls, DEL, and the two line separators of Unicode. */
function isControl(code: number): boolean {
  return code < 0x20 || (code >= CODE.delete && code <= 0x9f) || code === 0x2028 || code === 0x2029;
}

/**
 * A client's proposal for a file name, made safe: the last segment only, no control characters, no leading dot,
 * at most 200 bytes of UTF-8 (255 is the limit of the usual file systems; a number may have to be added).
 * @returns undefined when nothing usable is left.
 */
export function safeFileName(proposed: string): string | undefined {
  const last = proposed.split(/[/\\]/).at(-1) ?? '';
  const printable = Array.from(last.toWellFormed().normalize('NFC'))
    .filter((char) => !isControl(char.charCodeAt(0)))
    .join('');
  // Dots and spaces together: what one leaves at the front, the other must not make a hidden name again.
  const name = printable.replace(/^[\s.]+/, '').trimEnd();
  return name !== '' && Buffer.byteLength(name) <= 200 ? name : undefined;
}
