import { HttpError } from '@webserv/server';
import type { FormInput } from './form-input.js';

/** Bounds of one part's header, in bytes and in lines. */
const MAX_SIZE = 8192;
const MAX_LINES = 32;

/** Names in lower case, each with its values in order. One character a byte. */
export type PartFields = ReadonlyMap<string, readonly string[]>;

/** RFC 5322 §2.2: printable characters but the colon; white space before it is obsolete syntax (§4.5). */
const FIELD = /^([!-9;-~]+)[ \t]*:(.*)$/s;

function malformed(reason: string): HttpError {
  return new HttpError(400, { reason: `multipart: ${reason}` });
}

function parse(block: string): PartFields {
  const fields = new Map<string, string[]>();
  const unfolded = block.replace(/\r\n(?=[ \t])/g, ''); // RFC 5322 §2.2.3
  for (const line of unfolded.split('\r\n')) {
    const [, name, value = ''] = FIELD.exec(line) ?? [];
    if (name === undefined) throw malformed('a part with a line in its header that is not a field');
    const values = fields.get(name.toLowerCase());
    if (values === undefined) fields.set(name.toLowerCase(), [value.trim()]);
    else values.push(value.trim());
  }
  return fields;
}

/**
 * Reads a part's header up to the line end of the empty line behind it. That stays in the input: where the part has no
 * content, the next delimiter starts with it.
 * @throws HttpError 400 for a header that is malformed, too long, or without an end
 */
export async function readPartFields(input: FormInput): Promise<PartFields> {
  let lines = 0;
  let start = 0;
  for (let from = 0; ; ) {
    const end = input.bytes.indexOf('\r\n', from);
    if (end === start) break;
    if (end !== -1) {
      lines += 1;
      start = end + 2;
      from = start;
    }
    if (start > MAX_SIZE || lines > MAX_LINES || (end === -1 && input.bytes.length > MAX_SIZE))
      throw malformed('a part whose header is too long');
    if (end !== -1) continue;
    from = Math.max(start, input.bytes.length - 1);
    if (!(await input.more())) throw malformed('a part without the end of its header');
  }
  const block = input.bytes.toString('latin1', 0, Math.max(0, start - 2));
  input.drop(start);
  return start === 0 ? new Map() : parse(block);
}
