import type { RoutePattern } from '../../contract/config.js';
import { type Argument, ArgumentError, type DirectiveUse } from '../../contract/directive.js';
import { isUnder } from '../../path/url-path.js';

/** The pattern of a `location`, and the URL prefix of its block. */
export interface LocationPattern {
  readonly pattern: Exclude<RoutePattern, { kind: 'server' }>;
  readonly prefix: string;
}

/** @throws ArgumentError */
export function readLocation(use: DirectiveUse, parentPrefix: string): LocationPattern {
  const [first, second] = use.arguments;
  if (first === undefined) throw new ArgumentError('a path is missing');
  if (second !== undefined) {
    if (first.text === '=') {
      const path = readPath(second);
      return { pattern: { kind: 'exact', path }, prefix: withoutSlash(path) };
    }
    if (first.text === '^~') {
      const path = withoutSlash(readPath(second));
      return { pattern: { kind: 'prefix', path, isolated: true }, prefix: path };
    }
    throw new ArgumentError(`expected "=" or "^~" before the path, got "${first.text}"`, {
      argument: first,
      hint: modifierHint(first.text, second.text),
    });
  }
  if (first.text.startsWith('*.')) {
    return { pattern: { kind: 'extension', extension: readExtension(first) }, prefix: parentPrefix };
  }
  const path = withoutSlash(readPath(first));
  return { pattern: { kind: 'prefix', path }, prefix: path };
}

function modifierHint(modifier: string, pattern: string): string {
  if (modifier === '~' || modifier === '~*')
    return `regular expressions are not supported; ${insteadOf(pattern)}`;
  return 'a path with a space in it needs quotes';
}

/** Replacements for the regular expressions that most nginx sites use. */
function insteadOf(pattern: string): string {
  if (/^\^?\/?\\\./.test(pattern) && !/\$$/.test(pattern))
    return 'remove it: names with a leading dot are never served';
  const [, extension] = /^\\\.(\w+)\$$/.exec(pattern) ?? [];
  if (extension !== undefined) return `write: location *.${extension} { … }`;
  const [, first] = /\\\.\((?:\?:)?(\w+)\|/.exec(pattern) ?? [];
  if (first !== undefined) return `write one for each extension: location *.${first} { … }`;
  const [, path] = /^\^?(\/[\w/-]*\w)/.exec(pattern) ?? [];
  return path === undefined
    ? 'by extension: location *.php { … }'
    : `by the start of the path: location ${path} { … }`;
}

/** An absolute path as it is matched: decoded, without empty or dot segments. */
function readPath(word: Argument): string {
  const { text } = word;
  const fail = (message: string, hint?: string): never => {
    throw new ArgumentError(message, hint === undefined ? { argument: word } : { argument: word, hint });
  };
  if (text.startsWith('@')) fail('named locations are not supported', 'use a path');
  if (!text.startsWith('/')) {
    fail(`expected a path that starts with "/", or an extension such as *.php, got "${text}"`);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these can be in no decoded path
  if (/[\x00-\x1f\x7f\\]/.test(text)) fail('a path has no control characters and no backslash');
  const segments = text.slice(1).split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    fail('"." and ".." are resolved before a path is matched: this matches nothing');
  }
  if (segments.slice(0, -1).includes(''))
    fail('slashes are merged before a path is matched: this matches nothing');
  if (/%[0-9a-f]{2}/i.test(text)) {
    fail(
      'a path is decoded before it is matched: this matches nothing',
      'write the character itself, in quotes',
    );
  }
  return text;
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function readExtension(word: Argument): string {
  const extension = word.text.slice(1);
  if (/^\.[^\s/\\*?%]{1,64}$/.test(extension)) return extension;
  throw new ArgumentError(`expected an extension such as *.php, got "${word.text}"`, { argument: word });
}

/** Two locations of one block with the same key are the same location. */
export function locationKey({ pattern }: LocationPattern): string {
  return pattern.kind === 'extension' ? `*${pattern.extension}` : `${pattern.kind} ${pattern.path}`;
}

/** Why a location is not allowed in its enclosing block; undefined when it is. */
export function misplacement(inner: LocationPattern, outer: LocationPattern): string | undefined {
  if (outer.pattern.kind === 'extension') return 'nothing is looked up inside a location by extension';
  if (inner.pattern.kind === 'extension') return undefined;
  if (outer.pattern.kind === 'exact') return 'nothing lies below an exact path';
  return isUnder(inner.pattern.path, outer.prefix) ? undefined : `it must start with ${outer.prefix}/`;
}
