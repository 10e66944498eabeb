/** A field value with parameters, such as `form-data; name="a"; filename="b"` (RFC 9110 §5.6.6). */
export interface ParameterizedValue {
  /** Lower case. */
  readonly value: string;
  /** Names in lower case, values without quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

const VALUE = /^[ \t]*([\w!#$%&'*+.^`|~/-]+)[ \t]*/;
/** White space around the `=` is allowed as in RFC 6266 §4.1, whose grammar has the implied white space of RFC 2616. */
const PARAMETER =
  /;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*/y;

/**
 * Only `\"` and `\\` are escapes: some clients send `filename="C:\temp\a.txt"` and mean it literally (RFC 6266 appendix
 * D).
 */
function unquote(quoted: string): string {
  return quoted.replace(/\\(["\\])/g, '$1');
}

/**
 * @returns undefined for a value that does not match the grammar or repeats a parameter: parsers would disagree about
 * which one applies
 */
export function parseParameterized(text: string): ParameterizedValue | undefined {
  const start = VALUE.exec(text);
  if (start?.[1] === undefined) return undefined;
  const parameters = new Map<string, string>();
  let position = start[0].length;
  while (position < text.length) {
    PARAMETER.lastIndex = position;
    const match = PARAMETER.exec(text);
    if (match === null) return undefined;
    position = PARAMETER.lastIndex;
    const name = match[1]?.toLowerCase();
    if (name === undefined) continue; // empty parameter, as in `a;;b=c` and `a;`
    if (parameters.has(name)) return undefined;
    parameters.set(name, match[2] ?? unquote(match[3] ?? ''));
  }
  return { value: start[1].toLowerCase(), parameters };
}

/** RFC 2046 §5.1.1: 1 to 70 characters of a small set, the last of which is not a space. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/;

/** Form type declared by a request's Content-Type. */
export type FormType =
  | { readonly kind: 'form'; readonly boundary: string }
  | { readonly kind: 'malformed' }
  /** Not a form. `type` is empty when there is none or it cannot be parsed. */
  | { readonly kind: 'other'; readonly type: string };

export function readFormType(contentType: string | undefined): FormType {
  const parsed = parseParameterized(contentType ?? '');
  if (parsed?.value === 'multipart/form-data') {
    const boundary = parsed.parameters.get('boundary') ?? '';
    return BOUNDARY.test(boundary) ? { kind: 'form', boundary } : { kind: 'malformed' };
  }
  if (contentType !== undefined && /^\s*multipart\/form-data\b/i.test(contentType))
    return { kind: 'malformed' };
  return { kind: 'other', type: parsed?.value ?? '' };
}
