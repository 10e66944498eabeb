import { randomUUID } from 'node:crypto';
import type { OpenFile } from '../files/open-file.js';
import { CompositeBody } from './composite-body.js';
import { evaluateIfRange, type Validators } from './conditional.js';
import type { FileSlice, Request } from './message.js';

/** Range requests, RFC 9110 §14. */

/** Bytes `start` up to but not including `end`; never empty. */
export interface ByteRange {
  /** Offset of the first byte, from 0. */
  readonly start: number;
  /** Offset behind the last byte; greater than `start`, at most the size. */
  readonly end: number;
}

/** Maximum ranges per request. More are an attack (CVE-2011-3192), or a client that is better served with the whole. */
const MAX_RANGES = 16;

/** A number too large to be exact becomes a position beyond the end of any file. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** A range-spec, with the white space allowed around a comma (RFC 9110 §5.6.1). Takes linear time on any text. */
const SPEC = /^[ \t]*(\d*)-(\d*)[ \t]*$/;

/**
 * Parses a range-spec for a representation of `size` bytes.
 * @returns undefined if it is malformed, `empty` if it selects nothing, `whole` if it requests all of an empty
 *   representation, which Content-Range cannot express
 */
function parseSpec(spec: string, size: number): ByteRange | 'empty' | 'whole' | undefined {
  const match = SPEC.exec(spec);
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return undefined;
    const length = position(last);
    if (size === 0) return 'whole';
    return length === 0 ? 'empty' : { start: Math.max(0, size - length), end: size };
  }
  const start = position(first);
  if (last !== '' && position(last) < start) return undefined;
  if (size === 0 && start === 0) return 'whole';
  if (start >= size) return 'empty';
  return { start, end: last === '' ? size : Math.min(position(last) + 1, size) };
}

/** Merges overlapping ranges. A merged range takes the position of the first one requested. */
function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const merged: { start: number; end: number; order: number }[] = [];
  const asked = ranges.map((range, order) => ({ ...range, order }));
  for (const range of asked.sort((a, b) => a.start - b.start)) {
    const previous = merged.at(-1);
    if (previous === undefined || range.start >= previous.end) {
      merged.push(range);
      continue;
    }
    previous.end = Math.max(previous.end, range.end);
    previous.order = Math.min(previous.order, range.order);
  }
  return merged.sort((a, b) => a.order - b.order).map(({ start, end }) => ({ start, end }));
}

/**
 * The ranges of a representation of `size` bytes that a Range field requests, in the requested order, overlaps merged.
 * @returns undefined if the field is ignored and the whole is sent: another unit, malformed, too many ranges, or the
 *   beginning or end of an empty representation (as nginx does); `unsatisfiable`: respond with 416
 */
export function parseRange(field: string, size: number): readonly ByteRange[] | 'unsatisfiable' | undefined {
  if (!/^bytes=[^ \t]/i.test(field)) return undefined;
  // A single range more than allowed is enough to detect too many.
  const elements = field.slice('bytes='.length).split(',', MAX_RANGES + 1);
  const specs = elements.filter((element) => !/^[ \t]*$/.test(element));
  if (specs.length === 0 || elements.length > MAX_RANGES) return undefined;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = parseSpec(spec, size);
    if (range === undefined || range === 'whole') return undefined;
    if (range !== 'empty') ranges.push(range);
  }
  return ranges.length === 0 ? 'unsatisfiable' : coalesce(ranges);
}

/**
 * The ranges a request selects, as returned by `parseRange`. Range applies to GET only (RFC 9110 §14.2), and only if
 * If-Range permits it. Call it after the preconditions.
 */
export function selectRanges(
  request: Pick<Request, 'method' | 'headers'>,
  current: Validators,
  size: number,
): readonly ByteRange[] | 'unsatisfiable' | undefined {
  const field = request.headers.get('range');
  if (field === undefined || request.method !== 'GET' || !evaluateIfRange(request, current)) return undefined;
  return parseRange(field, size);
}

/** The value of Content-Range for one part (RFC 9110 §14.4). */
export function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end - 1}/${size}`;
}

/** A response body in several parts (RFC 9110 §14.6). */
export interface Multipart {
  /** For Content-Type. */
  readonly contentType: string;
  /** Bytes of the whole body, for Content-Length. */
  readonly length: number;
  /** The parts with their headers. Iterated once. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The parts of `content`, each with its own header section. The body is read piece by piece while it is sent. */
export function multipartByteranges(
  content: Uint8Array | OpenFile,
  size: number,
  contentType: string,
  ranges: readonly ByteRange[],
): Multipart {
  // Random for each response: a known boundary could be planted in a file.
  const boundary = randomUUID();
  const parts = ranges.map((range, index) => ({
    range,
    head: Buffer.from(
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\ncontent-type: ${contentType}\r\n` +
        `content-range: ${contentRange(range, size)}\r\n\r\n`,
      'latin1',
    ),
  }));
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');
  const contentOf = (range: ByteRange): Uint8Array | FileSlice =>
    content instanceof Uint8Array ? content.subarray(range.start, range.end) : { file: content, ...range };
  const body = new CompositeBody([...parts.flatMap(({ head, range }) => [head, contentOf(range)]), tail]);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, length: body.length, body };
}
