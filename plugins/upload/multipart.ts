import { HttpError, type RequestBody } from '@webserv/server';
import { Delimiter } from './delimiter.js';
import { FormInput } from './form-input.js';
import { readPartFields } from './part-fields.js';
import { type PartHead, readPartHead } from './part-head.js';

/** Events of a form as it arrives: a part's header section, its content in pieces, its end. */
export type PartEvent =
  | { readonly kind: 'head'; readonly head: PartHead }
  /** The bytes are valid until the next event is requested. */
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' };

const END: PartEvent = { kind: 'end' };
const LINE_END = Buffer.from('\r\n');

/**
 * Yields the content up to the next delimiter, in pieces.
 * @param skipped bytes at the start that may belong to a delimiter and are not content
 * @returns whether another part follows
 * @throws HttpError 400 when the body ends without a delimiter
 */
async function* contentOf(
  input: FormInput,
  delimiter: Delimiter,
  skipped: number,
): AsyncGenerator<Uint8Array, 'part' | 'close', undefined> {
  let skip = skipped;
  let from = 0;
  for (let isAll = false; ; ) {
    const { bytes } = input;
    const at = delimiter.find(bytes, from);
    const ending = at === -1 ? undefined : delimiter.endingAt(bytes, at, isAll);
    if (ending?.kind === 'content') {
      from = at + 1;
      continue;
    }
    const end = at === -1 ? bytes.length - delimiter.startsAtEnd(bytes) : at;
    if (end > skip) yield bytes.subarray(skip, end);
    if (end > 0) skip = 0;
    if (ending !== undefined) {
      input.drop(ending.end);
      return ending.kind;
    }
    input.drop(end);
    from = 0;
    if (isAll) throw new HttpError(400, { reason: 'multipart: the body ends without a closing boundary' });
    isAll = !(await input.more());
  }
}

/**
 * Parses a form (RFC 7578, RFC 2046 §5.1.1) as it arrives. Bytes before the first and after the last boundary are
 * ignored. A part without content may also omit the line end before its content.
 * @throws HttpError 400 for a form that is malformed or ends early, 413 for more parts than allowed, and any error from
 * reading the body
 */
export async function* readForm(
  body: RequestBody,
  boundary: string,
  maxParts: number,
): AsyncGenerator<PartEvent, void, undefined> {
  const delimiter = new Delimiter(boundary);
  // The first boundary may be at the very start, without the line end that precedes every other one.
  const input = new FormInput(body, LINE_END);
  const preamble = contentOf(input, delimiter, 0);
  let next = await preamble.next();
  while (!next.done) next = await preamble.next();
  let following = next.value;
  for (let count = 1; following === 'part'; count += 1) {
    if (count > maxParts) throw new HttpError(413, { reason: `multipart: more than ${maxParts} parts` });
    yield { kind: 'head', head: readPartHead(await readPartFields(input)) };
    const content = contentOf(input, delimiter, LINE_END.length);
    let piece = await content.next();
    for (; !piece.done; piece = await content.next()) yield { kind: 'content', bytes: piece.value };
    following = piece.value;
    yield END;
  }
  do input.drop(input.bytes.length);
  while (await input.more());
}
