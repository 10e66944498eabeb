import { isUtf8 } from 'node:buffer';

/** Why bytes are not UTF-8, and where to point in the decoded text. */
export interface NotUtf8 {
  /** The text with a replacement character for each wrong sequence: good enough to show the line. */
  readonly text: string;
  /** Index of the first replacement character, in UTF-16 units. */
  readonly at: number;
  readonly message: string;
  readonly hint: string;
}

const REPLACEMENT = '\ufffd';
/** U+FFFD itself, which valid text may contain. */
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** @returns the text, or the first position that is not UTF-8 */
export function decodeUtf8(bytes: Buffer): string | NotUtf8 {
  const text = bytes.toString('utf8');
  if (isUtf8(bytes)) return text;
  const { at, byte } = firstReplaced(bytes, text);
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const shownByte = `0x${(bytes[byte] ?? 0).toString(16).toUpperCase().padStart(2, '0')}`;
  return {
    text,
    at,
    message: isUtf16 ? 'the text is UTF-16' : `the byte ${shownByte} is not UTF-8`,
    hint: isUtf16
      ? 'save it as UTF-8: iconv -f utf-16 -t utf-8'
      : 'save the file as UTF-8; from Latin-1: iconv -f latin1 -t utf-8',
  };
}

function firstReplaced(bytes: Buffer, text: string): { readonly at: number; readonly byte: number } {
  let byte = 0;
  let from = 0;
  for (let at = text.indexOf(REPLACEMENT); at !== -1; at = text.indexOf(REPLACEMENT, from)) {
    byte += Buffer.byteLength(text.slice(from, at));
    if (!bytes.subarray(byte, byte + REPLACEMENT_BYTES.length).equals(REPLACEMENT_BYTES)) return { at, byte };
    byte += REPLACEMENT_BYTES.length;
    from = at + 1;
  }
  return { at: 0, byte: 0 };
}
