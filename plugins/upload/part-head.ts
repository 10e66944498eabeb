import { HttpError } from '@webserv/server';
import { parseParameterized } from './parameters.js';

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

/** The parser gives a line's bytes as ISO 8859-1; RFC 7578 §5.1 has them be UTF-8. */
function asUtf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

/** RFC 8187: `UTF-8'language'percent-encoded`. Empty when it cannot be decoded: a name is then made up. */
function decodeExtended(value: string): string {
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(value)?.[1] ?? '';
  try {
    return decodeURIComponent(encoded);
  } catch {
    return '';
  }
}

/** RFC 7578 §4.2 has only `filename`; some clients send `filename*` all the same, alone or beside it. */
function proposedName(parameters: ReadonlyMap<string, string>): string | undefined {
  const plain = parameters.get('filename');
  if (plain !== undefined) return asUtf8(plain);
  const extended = parameters.get('filename*');
  return extended === undefined ? undefined : decodeExtended(extended);
}

function lines(header: object, name: string): readonly string[] {
  const values: unknown = new Map<string, unknown>(Object.entries(header)).get(name);
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
}

/**
 * @param header field names in lower case, each with its lines
 * @throws HttpError 400 for a part that is not of a form, or whose field has no name or too long a one
 */
export function readPartHead(header: object): PartHead {
  const [disposition, ...more] = lines(header, 'content-disposition');
  if (disposition === undefined || more.length > 0) throw malformed('a part needs one Content-Disposition');
  const parsed = parseParameterized(disposition);
  if (parsed?.value !== 'form-data') throw malformed('a part whose Content-Disposition is not form-data');
  const name = parsed.parameters.get('name');
  if (name === undefined) throw malformed('a part without a name');
  if (name.length > MAX_FIELD_NAME) throw malformed('a field name that is too long');
  const type = parseParameterized(lines(header, 'content-type')[0] ?? '')?.value ?? '';
  return { field: asUtf8(name), fileName: proposedName(parsed.parameters), type };
}
