import { isFieldValue, isToken } from './characters.js';
import type { Response } from './message.js';

/**
 * Fields that only the kernel writes; `content-length` is read for streams and for HEAD, `trailer` with trailer fields.
 */
const KERNEL_FIELDS = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'server',
  'trailer',
  'transfer-encoding',
]);

/**
 * Name as given → name as sent, empty for the kernel's own. Names come from code and configuration, but a script may
 * invent any number, so the map is bounded.
 */
const sentNames = new Map<string, string>([
  ['etag', 'ETag'],
  ['www-authenticate', 'WWW-Authenticate'],
]);
const MAX_SENT_NAMES = 512;

/**
 * A header field that must not be sent: its name is not a token, or its value contains CR, LF, NUL or another control.
 */
export class IllegalFieldError extends Error {
  constructor(name: string, problem: string) {
    super(`illegal header field ${JSON.stringify(name)}: ${problem}`);
    this.name = 'IllegalFieldError';
  }
}

/**
 * `content-type` → `Content-Type`; empty for a field that only the kernel writes.
 * @throws IllegalFieldError
 */
export function sentName(name: string): string {
  const known = sentNames.get(name);
  if (known !== undefined) return known;
  if (name === '') throw new IllegalFieldError(name, 'empty name');
  for (let index = 0; index < name.length; index += 1) {
    if (isToken[name.charCodeAt(index)] !== 1)
      throw new IllegalFieldError(name, 'its name is not a token (RFC 9110 §5.6.2)');
  }
  const lower = name.toLowerCase();
  // A name with a capital letter is sent as given.
  const given = lower === name ? lower.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()) : name;
  const sent = KERNEL_FIELDS.has(lower) ? '' : given;
  if (sentNames.size < MAX_SENT_NAMES) sentNames.set(name, sent);
  return sent;
}

/** @param value a plugin in plain JavaScript may pass any type */
export function checkValue(name: string, value: unknown): string {
  if (typeof value !== 'string')
    throw new IllegalFieldError(name, `its value must be a string, got type ${typeof value}`);
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code > 0xff || isFieldValue[code] !== 1)
      throw new IllegalFieldError(name, 'its value has a character that a field value must not contain');
  }
  return value;
}

/** @throws IllegalFieldError for a field that cannot be sent */
export function checkFields({ headers }: Pick<Response, 'headers'>): void {
  if (headers === undefined) return;
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined || sentName(name) === '') continue;
    if (Array.isArray(value)) for (const line of value) checkValue(name, line);
    else checkValue(name, value);
  }
}
