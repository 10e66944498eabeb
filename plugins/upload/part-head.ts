import { isUtf8 } from 'node:buffer';
import { HttpError } from '@webserv/server';
import { parseParameterized } from './parameters.js';
import type { PartFields } from './part-fields.js';

/** What the header of one part of a form says (RFC 7578 §4). */
export interface PartHead {
  /** The form field's name. */
  readonly field: string;
  /** As the client proposes it, not to be used as it is; undefined for a part that is no file. */
  readonly fileName: string | undefined;
  /** Lower case, without parameters; empty when there is none. */
  readonly type: string;
}

/** Bytes of UTF-8. Longer than any form needs; what is kept for the answer stays small. */
const MAX_FIELD_NAME = 200;

function malformed(reason: string): HttpError {
  return new HttpError(400, { reason: `multipart: ${reason}` });
}

/** The fields' bytes come as ISO 8859-1; RFC 7578 §5.1 has them be UTF-8. */
function asUtf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

/** RFC 8187: `UTF-8'language'percent-encoded`, and ISO 8859-1 as RFC 5987 had it. undefined when it cannot be decoded. */
function decodeExtended(value: string): string | undefined {
  const [, charset = '', encoded = ''] =
    /^(utf-8|iso-8859-1)'[^']*'((?:%[0-9a-f]{2}|[^%])*)$/i.exec(value) ?? [];
  const bytes = Buffer.from(
    encoded.replace(/%(..)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    'latin1',
  );
  if (/^iso/i.test(charset)) return bytes.toString('latin1');
  return charset !== '' && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/**
 * `filename*` counts before `filename`, in either order, unless it cannot be decoded (RFC 6266 §4.3). A form should
 * have only `filename` (RFC 7578 §4.2), and browsers send only that; the clients that send both mean the extended one,
 * and have a poor substitute in the other, such as an encoded word of RFC 2047, which is a plain name here.
 */
function proposedName(parameters: ReadonlyMap<string, string>): string | undefined {
  const extended = parameters.get('filename*');
  const decoded = extended === undefined ? undefined : decodeExtended(extended);
  if (decoded !== undefined) return decoded;
  const plain = parameters.get('filename');
  if (plain !== undefined) return asUtf8(plain);
  return extended === undefined ? undefined : ''; // a file whose name is then made up
}

/**
 * @throws HttpError 400 for a part that is not of a form, or whose field has no name or too long a one
 */
export function readPartHead(fields: PartFields): PartHead {
  const [disposition, ...more] = fields.get('content-disposition') ?? [];
  if (disposition === undefined || more.length > 0) throw malformed('a part needs one Content-Disposition');
  const parsed = parseParameterized(disposition);
  if (parsed?.value !== 'form-data') throw malformed('a part whose Content-Disposition is not form-data');
  const name = parsed.parameters.get('name');
  if (name === undefined) throw malformed('a part without a name');
  if (name.length > MAX_FIELD_NAME) throw malformed('a field name that is too long');
  const type = parseParameterized(fields.get('content-type')?.[0] ?? '')?.value ?? '';
  return { field: asUtf8(name), fileName: proposedName(parsed.parameters), type };
}
