import { decodeSegment, encodeSegment, exactSegment, readableSegment } from './path-segment.js';

/**
 * Maps a URL's path to a file's path. No other code may build a file's path from a URL's.
 *
 * A request's path is decoded once, here, before anything is matched against it. It is decoded into segments, which
 * never merge. A path that climbs above `/` is rejected. A segment that cannot be a file name (it contains a slash or
 * NUL) never maps to a file.
 */

declare const decoded: unique symbol;
declare const file: unique symbol;

/**
 * A URL's path, decoded once and without dot segments or empty segments. Starts with `/`. Bytes of a segment that are
 * not text stay percent-encoded (`%2F`, `%00`, `%0A`, `%E9`), and so does a percent sign that such an escape could
 * start with (`%25`): different paths are always different strings, and none contains a control character. `segmentsOf`
 * decodes the rest.
 */
export type DecodedPath = string & { readonly [decoded]: true };

/** A file's absolute path built by `resolveUnder`; lexically it is `root` or below it. */
export type FilePath = string & { readonly [file]: true };

/** Where a block's `root` maps its prefix: URL paths below `prefix` are files below `directory`. */
export interface RootMapping {
  /** `/`, or like `/img` without a slash at the end. */
  readonly prefix: string;
  /** Absolute, no slash at the end. */
  readonly directory: string;
}

const CODE = { percent: 0x25, dot: 0x2e, slash: 0x2f, delete: 0x7f } as const;

function isDecodedPath(path: string): path is DecodedPath {
  return path.charCodeAt(0) === CODE.slash;
}

function isFilePath(path: string): path is FilePath {
  return path.length > 0;
}

/** True if nothing in it needs decoding or resolving: the usual case, checked in one pass. */
function isPlain(raw: string): boolean {
  let previous = 0;
  for (let index = 0; index < raw.length; index += 1) {
    const code = raw.charCodeAt(index);
    if (code <= 0x20 || code === CODE.percent || code >= CODE.delete) return false;
    // An empty segment, or one that starts with a dot and may be a dot segment.
    if (previous === CODE.slash && (code === CODE.slash || code === CODE.dot)) return false;
    previous = code;
  }
  return true;
}

/**
 * Decodes a path's escapes (RFC 3986 §2.1), merges repeated slashes and resolves dot segments (§5.2.4). An encoded
 * slash stays part of its segment.
 * @param raw percent-encoded; a character beyond ASCII represents itself
 * @returns undefined for a path to reject with 400: it has a broken escape, or climbs above `/`
 */
export function decodePath(raw: string): DecodedPath | undefined {
  if (raw.charCodeAt(0) !== CODE.slash) return undefined;
  if (isPlain(raw)) return isDecodedPath(raw) ? raw : undefined;
  return BROKEN_ESCAPE.test(raw) ? undefined : resolveSegments(raw);
}

/** Decodes the path of a request target as received: ISO 8859-1 text, one character per byte. */
export function decodeTargetPath(raw: string): DecodedPath | undefined {
  if (isPlain(raw) && isDecodedPath(raw)) return raw;
  return decodePath(raw.replace(/[\x80-\xff]/g, escapeByte));
}

/**
 * Resolves a path given as text, for example from a template with `$uri`. Escapes are decoded; a percent sign that does
 * not start an escape is literal.
 * @returns undefined for a path that does not start with a slash, or climbs above `/`
 */
export function resolvePath(path: string): DecodedPath | undefined {
  return path.charCodeAt(0) === CODE.slash ? resolveSegments(path) : undefined;
}

const BROKEN_ESCAPE = /%(?![0-9a-f]{2})/i;

function escapeByte(char: string): string {
  return `%${char.charCodeAt(0).toString(16)}`;
}

function resolveSegments(path: string): DecodedPath | undefined {
  const kept: string[] = [];
  let last = '';
  for (const encoded of path.split('/')) {
    const segment = decodeSegment(encoded);
    last = segment;
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(readableSegment(segment));
    else if (kept.pop() === undefined) return undefined; // above the root
  }
  const directory = last === '' || last === '.' || last === '..';
  const resolved = `/${kept.join('/')}${directory && kept.length > 0 ? '/' : ''}`;
  return isDecodedPath(resolved) ? resolved : undefined;
}

/**
 * A path's segments, each fully decoded: `/a%2Fb/c/` has the segments `a/b`, `c` and an empty one, for the slash at its
 * end. A byte that is not UTF-8 becomes the lone surrogate U+DC00 plus its value.
 */
export function segmentsOf(path: DecodedPath): readonly string[] {
  const segments = path.slice(1).split('/');
  return path.includes('%') ? segments.map(exactSegment) : segments;
}

/** The path of the file `name` in a directory. The directory's path may end with a slash. */
export function childPath(directory: DecodedPath, name: string): DecodedPath {
  const child = `${directory.endsWith('/') ? directory : `${directory}/`}${readableSegment(name)}`;
  if (!isDecodedPath(child)) throw new Error(`not an absolute path: ${child}`);
  return child;
}

/** The part of a path before position `end`, which must be the end of a segment or of a slash. */
export function leadingPath(path: DecodedPath, end: number): DecodedPath {
  const leading = path.slice(0, end) || '/';
  if (!isDecodedPath(leading)) throw new Error(`not an absolute path: ${leading}`);
  return leading;
}

/** A path as text for templates: still readable, but each percent sign that could start an escape is `%25`. */
export function uriText(path: DecodedPath): string {
  return path.includes('%') ? path.replace(AMBIGUOUS_PERCENT, '%25') : path;
}

const AMBIGUOUS_PERCENT = /%(?=[0-9a-f]{2})(?![01][0-9a-f]|2[5f]|7f|[89a-f][0-9a-f])/gi;

/** Encodes a decoded path for use in a URL. Decoding the result gives the same path. */
export function encodePath(path: DecodedPath): string {
  return path
    .split('/')
    .map((segment) => encodeSegment(exactSegment(segment)))
    .join('/');
}

/** True for `prefix` itself and every path below it, by whole segments: `/img` covers `/img/a`, never `/imgs`. */
export function isUnder(path: string, prefix: string): boolean {
  if (prefix === '/') return true;
  if (!path.startsWith(prefix)) return false;
  return path.length === prefix.length || path.charCodeAt(prefix.length) === CODE.slash;
}

/** Prefix of the server's own files, which no configuration can make visible. */
const OWN_NAME = '/.webserv-';

/**
 * False if the path is hidden: a segment after position `start` begins with a dot. A first segment `/.well-known` is
 * visible (RFC 8615).
 * @param hiddenFiles true to hide the server's own files only
 */
export function isVisible(path: string, start: number, hiddenFiles: boolean): boolean {
  if (hiddenFiles) return !path.includes(OWN_NAME, start);
  let dot = path.indexOf('/.', start);
  if (dot === 0 && isUnder(path, '/.well-known')) dot = path.indexOf('/.', 1);
  return dot === -1;
}

/**
 * Like `resolveUnder`, but also undefined for hidden files. Only names below the mapping's directory are hidden: a dot
 * in the mapping's own prefix is the administrator's choice.
 */
export function resolveVisible(
  mapping: RootMapping,
  path: DecodedPath,
  hiddenFiles: boolean,
): FilePath | undefined {
  const start = mapping.prefix === '/' ? 0 : mapping.prefix.length;
  return isVisible(path, start, hiddenFiles) ? resolveUnder(mapping, path) : undefined;
}

/** True if a segment begins with a dot and is not the first segment `/.well-known` (RFC 8615). */
export function hasHiddenSegment(path: string): boolean {
  let start = path.indexOf('/.');
  if (start === 0 && isUnder(path, '/.well-known')) start = path.indexOf('/.', 1);
  return start !== -1;
}

/**
 * The file that a decoded path names under a mapping. A slash at the path's end is kept.
 * @returns undefined for a path that is not under the mapping's prefix, or has a slash or NUL inside a segment
 */
export function resolveUnder(mapping: RootMapping, path: DecodedPath): FilePath | undefined {
  if (!isUnder(path, mapping.prefix)) return undefined;
  const below = mapping.prefix === '/' ? path : path.slice(mapping.prefix.length);
  const rest = below.includes('%') ? fileNames(below) : below;
  if (rest === undefined) return undefined;
  const resolved = mapping.directory === '/' ? rest || '/' : mapping.directory + rest;
  return isFilePath(resolved) ? resolved : undefined;
}

/**
 * Decodes a path, or a part of one, fully, as CGI requires (RFC 3875 §4.1.5): an encoded slash becomes a plain slash.
 */
export function pathText(path: string): string {
  return path.includes('%') ? path.split('/').map(exactSegment).join('/') : path;
}

/** Each segment as an exact file name; undefined if one of them cannot be a file name. */
function fileNames(path: string): string | undefined {
  const names = path.split('/').map(exactSegment);
  return names.some((name) => /[/\0]/.test(name)) ? undefined : names.join('/');
}

/** C0 and C1 controls, DEL, and the two line separators of Unicode. */
function isControl(code: number): boolean {
  return code < 0x20 || (code >= CODE.delete && code <= 0x9f) || code === 0x2028 || code === 0x2029;
}

/**
 * Sanitises a file name proposed by a client: the last segment only, no control characters, no leading dot, at most 255
 * bytes of UTF-8, the limit of common file systems.
 * @returns undefined if nothing usable is left.
 */
export function safeFileName(proposed: string): string | undefined {
  const last = proposed.split(/[/\\]/).at(-1) ?? '';
  const printable = Array.from(last.toWellFormed().normalize('NFC'))
    .filter((char) => !isControl(char.charCodeAt(0)))
    .join('');
  // Strip dots and spaces together: stripping only one kind could leave a leading dot again.
  const name = printable.replace(/^[\s.]+/, '').trimEnd();
  return name !== '' && Buffer.byteLength(name) <= 255 ? name : undefined;
}
