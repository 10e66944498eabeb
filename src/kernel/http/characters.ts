/** Lookup tables of allowed bytes, one per grammar rule. */

function tableOf(...ranges: readonly (string | readonly [number, number])[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const range of ranges) {
    if (typeof range === 'string') for (const char of range) table[char.charCodeAt(0)] = 1;
    else table.fill(1, range[0], range[1] + 1);
  }
  return table;
}

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const UNRESERVED = `${ALPHANUMERIC}-._~`;
const SUB_DELIMS = "!$&'()*+,;=";

/** tchar, RFC 9110 §5.6.2. */
export const isToken = tableOf(ALPHANUMERIC, "!#$%&'*+-.^_`|~");

/** field-vchar, SP and HTAB, RFC 9110 §5.5. */
export const isFieldValue = tableOf('\t', [0x20, 0x7e], [0x80, 0xff]);

/**
 * Bytes that clients send in a path, except "%" and "?": any byte but controls, space and "#". RFC 3986 §3.3 allows
 * fewer, but browsers do not encode `[ ] | ^`, and curl encodes nothing.
 */
export const isPath = tableOf([0x21, 0x22], '$', [0x26, 0x3e], [0x40, 0x7e], [0x80, 0xff]);

/**
 * Any byte but controls, space and `#`. Browsers, `fetch` and curl send more in a query than RFC 3986 §3.4 allows: `\`,
 * `"`, `{`, bytes beyond ASCII, and percent signs that do not start an escape. The query is passed on as it is, as
 * nginx does.
 */
export const isQuery = tableOf([0x21, 0x22], [0x24, 0x7e], [0x80, 0xff]);

/** reg-name of RFC 3986 §3.2.2 without "%". */
export const isHostName = tableOf(UNRESERVED, SUB_DELIMS);

/** qdtext, RFC 9110 §5.6.4. */
export const isQuotedText = tableOf('\t !', [0x23, 0x5b], [0x5d, 0x7e], [0x80, 0xff]);

/** A hexadecimal digit's value; 255 for any other byte. */
export const hexValue = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  hexValue[digit.charCodeAt(0)] = value;
  hexValue[digit.toUpperCase().charCodeAt(0)] = value;
}

/** ASCII letters in lower case, every other byte unchanged. */
export const lowerCase = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
);

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const PERCENT = 0x25;
export const ASTERISK = 0x2a;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION = 0x3f;
export const BACKSLASH = 0x5c;
export const UNDERSCORE = 0x5f;
