import type { ErrorPage } from '../../contract/config.js';
import {
  type Argument,
  ArgumentError,
  type ArgumentType,
  type DirectiveUse,
} from '../../contract/directive.js';
import { decodePath } from '../../path/url-path.js';
import { argument } from './arguments.js';

export type ErrorPageEntry = readonly [code: number, page: ErrorPage];

/** Any of its words, for the JSON Schema. Their order is checked below. */
export const errorPageWord: ArgumentType<string> = {
  ...argument.text,
  json: [
    { type: 'integer', minimum: 400, maximum: 599 },
    { type: 'string', pattern: '^(?:[45][0-9]{2}|=(?:[2-5][0-9]{2})?|/[\\x21-\\x7e]*|https?://\\S+)$' },
  ],
};

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function errorCode(word: Argument): number {
  const code = /^\d{3}$/.test(word.text) ? Number(word.text) : 0;
  if (code >= 400 && code <= 599) return code;
  throw new ArgumentError(`expected a status from 400 to 599, got "${word.text}"`, { argument: word });
}

function statusOfCode(word: Argument, isRedirect: boolean): number | 'own' {
  if (word.text === '=') return 'own';
  const code = /^=\d{3}$/.test(word.text) ? Number(word.text.slice(1)) : 0;
  if (isRedirect) {
    if (REDIRECTS.has(code)) return code;
    throw new ArgumentError(`a URL is redirected to: expected one of =301, =302, =303, =307, =308`, {
      argument: word,
    });
  }
  if (code >= 200 && code <= 599 && !REDIRECTS.has(code)) return code;
  throw new ArgumentError(`expected "=" and a status, such as =200, got "${word.text}"`, { argument: word });
}

function isUrl(uri: string): boolean {
  return /^https?:\/\/[^\s]+$/.test(uri) && URL.canParse(uri);
}

/** A path of this server with an optional query, in the characters of RFC 3986. */
function isLocalUri(uri: string): boolean {
  if (!/^\/[\x21-\x7e]*$/.test(uri) || uri.startsWith('//')) return false;
  return decodePath(uri.split('?', 1)[0] ?? '') !== undefined;
}

/** `error_page CODE… [=[CODE]] URI;` @throws ArgumentError */
export function readErrorPage(use: DirectiveUse): readonly ErrorPageEntry[] {
  const last = use.arguments.at(-1);
  if (last === undefined) throw new ArgumentError('a URI is missing');
  const isRedirect = isUrl(last.text);
  if (!isRedirect && !isLocalUri(last.text)) {
    throw new ArgumentError(
      `expected a path on this server, such as /404.html, or a whole URL, got "${last.text}"`,
      { argument: last },
    );
  }
  const before = use.arguments.slice(0, -1);
  const equals = before.at(-1)?.text.startsWith('=') ? before.pop() : undefined;
  if (before.length === 0) throw new ArgumentError('at least one status is missing', { argument: last });
  const status = equals === undefined ? undefined : statusOfCode(equals, isRedirect);
  return before.map((word) => [errorCode(word), { uri: last.text, status }]);
}
