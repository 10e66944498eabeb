/** A field value with its parameters, as in `form-data; name="a"; filename="b"` (RFC 9110 §5.6.6). */
export interface ParameterizedValue {
  /** Lower case. */
  readonly value: string;
  /** Names in lower case, values without their quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

const VALUE = /^[ \t]*([\w!#$%&'*+.^`|~/-]+)[ \t]*/;
/** White space around the `=` is of RFC 6266 §4.1: its grammar has the implied white space of RFC 2616. */
const PARAMETER =
  /;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*/y;

/**
 * Only `\"` and `\\` are escapes: `filename="C:\temp\a.txt"` is what some clients send and mean literally
 * (RFC 6266 appendix D).
 */
function unquote(quoted: string): string {
  return quoted.replace(/\\(["\\])/g, '$1');
}

/**
 * @returns undefined for what is not of the grammar, and for a parameter given twice: readers would differ on which
 * one counts
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
    if (name === undefined) continue; // an empty parameter, as in `a;;b=c` and `a;`
    if (parameters.has(name)) return undefined;
    parameters.set(name, match[2] ?? unquote(match[3] ?? ''));
  }
  return { value: start[1].toLowerCase(), parameters };
}

/** RFC 2046 §5.1.1: 1 to 70 characters of a small set, no space at the end. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/;

/** What the Content-Type of a request says of its form. */
export type FormType =
  | { readonly kind: 'form'; readonly boundary: string }
  | { readonly kind: 'malformed' }
  /** It is no form. `type` is empty when there is none, or none that can be read. */
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
