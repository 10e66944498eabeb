import { checkFields } from './field-rules.js';
import type { ResponseHeaders } from './message.js';

/** Interim responses of one request. A client need not read them, so that they are bounded. */
export const MAX_INTERIM = 16;
/** Characters of their fields, names and values, all together. */
export const MAX_INTERIM_SIZE = 16 * 1024;

/**
 * @returns the characters of the fields
 * @throws TypeError for a status that is not one of an interim response; 101 is not: it changes the protocol
 * (RFC 9110 §15.2.2)
 * @throws IllegalFieldError
 */
export function checkInterim(status: number, headers: ResponseHeaders): number {
  if (!Number.isInteger(status) || status < 100 || status > 199 || status === 101)
    throw new TypeError(`the status of an interim response is 100 or 102 to 199, got ${String(status)}`);
  if (typeof headers !== 'object' || headers === null || Symbol.iterator in headers)
    throw new TypeError('the headers of an interim response are an object of names and values');
  checkFields({ headers });
  let size = 0;
  for (const [name, value] of Object.entries(headers)) size += name.length + String(value).length;
  return size;
}
