import { isFieldValue, isToken } from './characters.js';
import type { Response } from './message.js';

/** Fields the kernel writes itself; `content-length` is read for streams and for HEAD, `trailer` with trailer fields. */
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
 * Name as given → name as sent, empty for the kernel's own. Names come from code and configuration; a script may invent
 * more, so it is bounded.
 */
const sentNames = new Map<string, string>([
  ['etag', 'ETag'],
  ['www-authenticate', 'WWW-Authenticate'],
]);
const MAX_SENT_NAMES = 512;

/** A header field that may not be sent: a name that is no token, a value with CR, LF, NUL or another control. */
export class IllegalFieldError extends Error {
  constructor(name: string, problem: string) {
    super(`illegal header field ${JSON.stringify(name)}: ${problem}`);
    this.name = 'IllegalFieldError';
  }
}

/**
 * `content-type` → `Content-Type`; empty for a field that is the kernel's to write.
 * @throws IllegalFieldError
 */
export function sentName(name: string): string {
  const known = sentNames.get(name);
  if (known !== undefined) return known;
  if (name === '') throw new IllegalFieldError(name, 'empty name');
  for (let index = 0; index < name.length; index += 1) {
    if (isToken[name.charCodeAt(index)] !== 1) throw new IllegalFieldError(name, 'the name is no token');
  }
  const lower = name.toLowerCase();
  // A name with a capital is sent as it is given.
  const given = lower === name ? lower.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()) : name;
  const sent = KERNEL_FIELDS.has(lower) ? '' : given;
  if (sentNames.size < MAX_SENT_NAMES) sentNames.set(name, sent);
  return sent;
}

/** @param value a plugin in plain JavaScript may give anything */
export function checkValue(name: string, value: unknown): string {
  if (typeof value !== 'string')
    throw new IllegalFieldError(name, `its value is no string but of type ${typeof value}`);
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code > 0xff || isFieldValue[code] !== 1)
      throw new IllegalFieldError(name, 'a character no field value has');
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
