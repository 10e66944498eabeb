/**
 * Writes and reads the Distinguished Encoding Rules of ASN.1 (X.690 §8, §10 and §11), as far as certificates of RFC 5280
 * need them: tags below 31, definite lengths.
 */

/** An encoded value: tag, length, contents. */
export type Der = Buffer;

const CONSTRUCTED = 0x20;
const CONTEXT = 0x80;

/** Identifier octets of the universal types that certificates use (X.690 §8.1.2, X.680 §8.6). */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x10 | CONSTRUCTED,
  set: 0x11 | CONSTRUCTED,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

function encode(tag: number, ...contents: readonly Uint8Array[]): Der {
  const length = contents.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(length)]), ...contents]);
}

/** X.690 §10.1: the definite form, in as few octets as possible. */
function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const octets = base(length, 0x100);
  return [0x80 | octets.length, ...octets];
}

/** Digits of a whole number to a base, the most significant first. */
function base(value: number, radix: number): readonly number[] {
  const digits = [value % radix];
  for (let rest = Math.floor(value / radix); rest > 0; rest = Math.floor(rest / radix))
    digits.unshift(rest % radix);
  return digits;
}

export const sequence = (...elements: readonly Der[]): Der => encode(TAG.sequence, ...elements);

/** A SET with a single element: more would have to be sorted (X.690 §11.6). */
export const set = (element: Der): Der => encode(TAG.set, element);

/** `true` only: DER leaves out values that are the default, which `false` always is in certificates (X.690 §11.5). */
export const TRUE: Der = encode(TAG.boolean, Buffer.of(0xff));

/** A number that is not negative, from its bytes, the most significant first (X.690 §8.3). */
export function unsigned(bytes: Uint8Array): Der {
  const start = bytes.findIndex((byte) => byte !== 0);
  const significant = start === -1 ? Buffer.of(0) : bytes.subarray(start);
  // The first bit is the sign.
  const isNegative = ((significant[0] ?? 0) & 0x80) !== 0;
  return isNegative ? encode(TAG.integer, Buffer.of(0), significant) : encode(TAG.integer, significant);
}

/** Whole bytes. */
export const bitString = (bytes: Uint8Array): Der => encode(TAG.bitString, Buffer.of(0), bytes);

/**
 * Flags, from the numbers of the bits that are set, which are at most 7. Bits that are zero at the end are left out
 * (X.690 §11.2.2).
 */
export function bitFlags(...numbers: readonly number[]): Der {
  const byte = numbers.reduce((flags, number) => flags | (0x80 >> number), 0);
  return encode(TAG.bitString, Buffer.of(7 - Math.max(...numbers), byte));
}

export const octetString = (bytes: Uint8Array): Der => encode(TAG.octetString, bytes);

export const utf8String = (text: string): Der => encode(TAG.utf8String, Buffer.from(text));

/** @param dotted at least two arcs, such as `2.5.29.17` */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  // X.690 §8.19: the first two arcs share a number; each number is in groups of 7 bits, all but the last marked.
  const octets = [first * 40 + second, ...rest].flatMap((arc) =>
    base(arc, 0x80).map((group, index, { length }) => (index < length - 1 ? group | 0x80 : group)),
  );
  return encode(TAG.objectIdentifier, Buffer.from(octets));
}

/**
 * A time in seconds: RFC 5280 §4.1.2.5 requires UTCTime, with two digits of the year, for 1950 to 2049, and GeneralizedTime
 * for other years.
 */
export function time(date: Date): Der {
  const digits = `${date.toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? encode(TAG.utcTime, Buffer.from(digits.slice(2)))
    : encode(TAG.generalizedTime, Buffer.from(digits));
}

/** `[n]` around encoded values: EXPLICIT, or IMPLICIT for a constructed type. */
export const tagged = (n: number, ...elements: readonly Der[]): Der =>
  encode(CONTEXT | CONSTRUCTED | n, ...elements);

/** `[n] IMPLICIT` in place of the tag of a primitive type. */
export const implicit = (n: number, contents: Uint8Array): Der => encode(CONTEXT | n, contents);

/** An element that was read. */
export interface Element {
  readonly tag: number;
  readonly contents: Buffer;
  /** With tag and length. */
  readonly whole: Der;
}

/**
 * Reads the elements that follow each other in some bytes.
 * @throws RangeError for bytes that are not DER, or have a tag above 30
 */
export function elementsIn(bytes: Buffer): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    const first = bytes.readUInt8(at + 1);
    // The long form has the number of length octets first. `readUIntBE` throws for 0 of them, and for more than 6.
    const octets = first < 0x80 ? 0 : first & 0x7f;
    const length = first < 0x80 ? first : bytes.readUIntBE(at + 2, octets);
    const start = at + 2 + octets;
    const end = start + length;
    if ((tag & 0x1f) === 0x1f || end > bytes.length) throw new RangeError('expected DER');
    elements.push({ tag, contents: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return elements;
}
