import { isUtf8 } from 'node:buffer';

/**
 * A segment of a URL's path has three forms:
 * - *encoded*, as in a request target: RFC 3986 §3.3;
 * - *exact*, a file name: every escape is decoded. A byte that is not part of a UTF-8 character becomes a lone
 *   surrogate, U+DC80 to U+DCFF, like Python's `surrogateescape`, so that a file name of any bytes has a string;
 * - *readable*, as in `request.path`: decoded, except for bytes that are not text or would be misread. A slash, a
 *   control character, and a byte that is not UTF-8 stay escaped (`%2F`, `%0A`, `%E9`), and so does a percent sign that
 *   such an escape could start with (`%25`). Different names always have different readable segments.
 */

const ESCAPES = /(?:%[0-9a-f]{2})+/gi;
/** Escapes that a readable segment may contain. Any other percent sign in it is literal. */
const KEPT_ESCAPES = /(?:%(?:[01][0-9a-f]|2[5f]|7f|[89a-f][0-9a-f]))+/gi;
/** Added to a byte 0x80 to 0xff that is not UTF-8 to get its lone surrogate in an exact name. */
const BYTE_BASE = 0xdc00;

/**
 * Length of the well-formed character of two to four bytes at `at` (Unicode, table 3-7); 0 if the bytes are not one.
 */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  return length > 0 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

/** Decodes the bytes of a file name, or of escapes, to an exact name. */
export function nameOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString();
  let name = '';
  for (let at = 0; at < buffer.length; ) {
    const byte = buffer[at] ?? 0;
    const length = byte < 0x80 ? 1 : characterLength(buffer, at);
    name += length === 0 ? String.fromCharCode(BYTE_BASE + byte) : buffer.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return name;
}

/** The lone surrogates that represent a byte. */
const LONE_BYTES = /[\udc80-\udcff]/gu;

/** Encodes an exact name to the bytes that the file system uses. */
export function bytesOfName(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name);
  const pieces: Buffer[] = [];
  let end = 0;
  for (const { 0: byte, index } of name.matchAll(LONE_BYTES)) {
    pieces.push(Buffer.from(name.slice(end, index)), Buffer.of(byte.charCodeAt(0) - BYTE_BASE));
    end = index + 1;
  }
  return Buffer.concat([...pieces, Buffer.from(name.slice(end))]);
}

function decodeRun(run: string): string {
  return nameOfBytes(Buffer.from(run.replaceAll('%', ''), 'hex'));
}

/** Decodes an encoded segment to an exact name. A percent sign that does not start an escape is literal. */
export function decodeSegment(segment: string): string {
  return segment.includes('%') ? segment.replace(ESCAPES, decodeRun) : segment;
}

/** Decodes a readable segment to an exact name. */
export function exactSegment(segment: string): string {
  return segment.includes('%') ? segment.replace(KEPT_ESCAPES, decodeRun) : segment;
}

function escapeByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/**
 * Encodes an exact name for a URL (RFC 3986 §3.3). Also encodes characters that are allowed there but special in HTML
 * or in a shell. A surrogate that does not represent a byte is replaced.
 */
export function encodeSegment(name: string): string {
  const encoded = name.isWellFormed()
    ? encodeURIComponent(name)
    : Array.from(bytesOfName(name), (byte) =>
        byte < 0x80 ? encodeURIComponent(String.fromCharCode(byte)) : escapeByte(byte),
      ).join('');
  return encoded.replace(/['()*!]/g, (char) => escapeByte(char.charCodeAt(0)));
}

/**
 * Control characters and line separators, slashes, percent signs that would look like a kept escape, bytes that are not
 * UTF-8.
 */
const UNREADABLE = /[\p{Cc}\p{Zl}\p{Zp}/]|%(?=[01][0-9a-f]|2[5f]|7f|[89a-f][0-9a-f])|[\udc80-\udcff]/giu;

/** Encodes an exact name as a readable segment. */
export function readableSegment(name: string): string {
  return name.replace(UNREADABLE, encodeSegment);
}
