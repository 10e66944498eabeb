import { HttpError } from '@webserv/server';
import type { FormInput } from './form-input.js';

/** Limits of one part's header section, in bytes and in lines. */
const MAX_SIZE = 8192;
const MAX_LINES = 32;

/** Values by lower-case field name, in order, decoded as ISO 8859-1: one character per byte. */
export type PartFields = ReadonlyMap<string, readonly string[]>;

/** RFC 5322 §2.2: printable characters except the colon; white space before the colon is obsolete syntax (§4.5). */
const FIELD = /^([!-9;-~]+)[ \t]*:(.*)$/s;

function malformed(reason: string): HttpError {
  return new HttpError(400, { reason: `multipart: ${reason}` });
}

function parse(block: string): PartFields {
  const fields = new Map<string, string[]>();
  const unfolded = block.replace(/\r\n(?=[ \t])/g, ''); // RFC 5322 §2.2.3
  for (const line of unfolded.split('\r\n')) {
    const [, name, value = ''] = FIELD.exec(line) ?? [];
    if (name === undefined) throw malformed('a line in the header section of a part is not a field');
    const values = fields.get(name.toLowerCase());
    if (values === undefined) fields.set(name.toLowerCase(), [value.trim()]);
    else values.push(value.trim());
  }
  return fields;
}

/**
 * Parses a part's header section, up to the line end of the empty line after it. That line end stays in the input,
 * because it belongs to the next delimiter when the part has no content.
 * @throws HttpError 400 for a header section that is malformed, too long or unfinished
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
      throw malformed(`the header section of a part exceeds ${MAX_SIZE} bytes or ${MAX_LINES} lines`);
    if (end !== -1) continue;
    from = Math.max(start, input.bytes.length - 1);
    if (!(await input.more())) throw malformed('the body ends within the header section of a part');
  }
  const block = input.bytes.toString('latin1', 0, Math.max(0, start - 2));
  input.drop(start);
  return start === 0 ? new Map() : parse(block);
}
