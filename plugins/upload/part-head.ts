import { isUtf8 } from 'node:buffer';
import { HttpError } from '@webserv/server';
import { parseParameterized } from './parameters.js';
import type { PartFields } from './part-fields.js';

/** Header section of one part of a form (RFC 7578 §4). */
export interface PartHead {
  /** The form field's name. */
  readonly field: string;
  /** Name proposed by the client, not safe to use unchanged; undefined for a part that is not a file. */
  readonly fileName: string | undefined;
  /** Lower case, without parameters; empty when missing. */
  readonly type: string;
}

/** Maximum length in bytes of UTF-8: longer than any form needs, and bounds the memory held for the response. */
const MAX_FIELD_NAME = 200;

function malformed(reason: string): HttpError {
  return new HttpError(400, { reason: `multipart: ${reason}` });
}

/** Field values arrive as ISO 8859-1; RFC 7578 §5.1 defines them as UTF-8. */
function asUtf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

/** Decodes `UTF-8'language'percent-encoded` (RFC 8187), or ISO 8859-1 as in RFC 5987; undefined when that fails. */
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
 * `filename*` overrides `filename`, in either order, unless it cannot be decoded (RFC 6266 §4.3). Forms should have
 * only `filename` (RFC 7578 §4.2), and browsers send only that. Clients that send both mean the extended one, and put a
 * poor substitute in the other, such as an encoded word of RFC 2047, which counts as a plain name here.
 */
function proposedName(parameters: ReadonlyMap<string, string>): string | undefined {
  const extended = parameters.get('filename*');
  const decoded = extended === undefined ? undefined : decodeExtended(extended);
  if (decoded !== undefined) return decoded;
  const plain = parameters.get('filename');
  if (plain !== undefined) return asUtf8(plain);
  return extended === undefined ? undefined : ''; // a file, whose name is then generated
}

/** @throws HttpError 400 for a part that is not form data or whose field name is missing or too long */
export function readPartHead(fields: PartFields): PartHead {
  const [disposition, ...more] = fields.get('content-disposition') ?? [];
  if (disposition === undefined || more.length > 0)
    throw malformed('a part has no or several Content-Disposition fields, expected one');
  const parsed = parseParameterized(disposition);
  if (parsed?.value !== 'form-data') throw malformed('the Content-Disposition of a part is not form-data');
  const name = parsed.parameters.get('name');
  if (name === undefined) throw malformed('the Content-Disposition of a part has no name');
  if (name.length > MAX_FIELD_NAME) throw malformed(`a field name exceeds ${MAX_FIELD_NAME} bytes`);
  const type = parseParameterized(fields.get('content-type')?.[0] ?? '')?.value ?? '';
  return { field: asUtf8(name), fileName: proposedName(parsed.parameters), type };
}
