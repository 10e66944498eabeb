import { isUtf8 } from 'node:buffer';

/** Encoded like header fields, one character per byte. The bytes are UTF-8, as the challenge requests. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** `Basic` and a token68 (RFC 7617 §2), up to a length that exceeds every line of a password file. */
const FIELD = /^basic +([A-Za-z0-9+/]{1,1024})={0,2}$/i;

const COLON = 0x3a;

/** RFC 7617 §2: "the user-id and password MUST NOT contain any control characters". */
function hasControl(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte < 0x20 || byte === 0x7f);
}

/**
 * @param lines lines of the Authorization field
 * @returns undefined for anything but one well-formed line of Basic credentials
 */
export function readCredentials(lines: readonly string[]): Credentials | undefined {
  const [line, ...more] = lines;
  if (line === undefined || more.length > 0) return undefined;
  const encoded = FIELD.exec(line)?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(COLON);
  if (colon < 1 || hasControl(bytes) || !isUtf8(bytes)) return undefined;
  return {
    user: bytes.toString('latin1', 0, colon),
    password: bytes.toString('latin1', colon + 1),
  };
}
