import { isUtf8 } from 'node:buffer';

/**
 * One segment of a URL's path in three forms:
 * - *encoded*, as in a request target: RFC 3986 §3.3;
 * - *exact*, a name: each escape is decoded. A byte that is not part of a UTF-8 character is kept as a lone surrogate,
 *   U+DC80 to U+DCFF, as Python's `surrogateescape` does, so that a file's name of any bytes has a string;
 * - *readable*, as in `request.path`: decoded, except for what is no text or would be taken for something else. A slash,
 *   a control character, and a byte that is not UTF-8 stay escaped (`%2F`, `%0A`, `%E9`), and so does a percent sign
 *   that such an escape could start with (`%25`). No two names are the same readable segment.
 */

const ESCAPES = /(?:%[0-9a-f]{2})+/gi;
/** Escapes that a readable segment may have. Any other percent sign in it is itself. */
const KEPT_ESCAPES = /(?:%(?:[01][0-9a-f]|2[5f]|7f|[89a-f][0-9a-f]))+/gi;
/** Where a byte 0x80 to 0xff that is not UTF-8 lies in an exact name. */
const BYTE_BASE = 0xdc00;

/** The bytes of a well-formed character of two to four bytes (Unicode, table 3-7); 0 where there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  return length > 0 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

/** Bytes of a file name or of escapes as an exact name. */
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

/** The lone surrogates that stand for a byte. */
const LONE_BYTES = /[\udc80-\udcff]/gu;

/** An exact name's bytes, as the file system has them. */
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

/** An encoded segment as an exact name. A percent sign that starts no escape is itself. */
export function decodeSegment(segment: string): string {
  return segment.includes('%') ? segment.replace(ESCAPES, decodeRun) : segment;
}

/** A readable segment as an exact name. */
export function exactSegment(segment: string): string {
  return segment.includes('%') ? segment.replace(KEPT_ESCAPES, decodeRun) : segment;
}

function escapeByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/**
 * Encodes an exact name for a URL (RFC 3986 §3.3), and what is allowed there but means something in HTML or in a shell
 * as well. A surrogate that stands for no byte is replaced.
 */
export function encodeSegment(name: string): string {
  const encoded = name.isWellFormed()
    ? encodeURIComponent(name)
    : Array.from(bytesOfName(name), (byte) =>
        byte < 0x80 ? encodeURIComponent(String.fromCharCode(byte)) : escapeByte(byte),
      ).join('');
  return encoded.replace(/['()*!]/g, (char) => escapeByte(char.charCodeAt(0)));
}

/** Controls and line separators, slashes, percent signs in front of a kept escape's digits, bytes that are not UTF-8. */
const UNREADABLE = /[\p{Cc}\p{Zl}\p{Zp}/]|%(?=[01][0-9a-f]|2[5f]|7f|[89a-f][0-9a-f])|[\udc80-\udcff]/giu;

/** An exact name as a readable segment. */
export function readableSegment(name: string): string {
  return name.replace(UNREADABLE, encodeSegment);
}
