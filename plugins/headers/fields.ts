import type { Response, ResponseHeaders } from '@webserv/server';

/** Fields of a response while they are changed, by lower-case name. */
export type Fields = Map<string, string | readonly string[]>;

type Lines = string | readonly string[];

/** Fields whose lines are independent: values are added to those of the response. */
const SEPARATE: ReadonlySet<string> = new Set(['link', 'server-timing', 'set-cookie']);

const listOf = (lines: Lines | undefined): readonly string[] =>
  lines === undefined ? [] : typeof lines === 'string' ? [lines] : lines;

const oneOrMore = (lines: readonly string[]): Lines => (lines.length === 1 ? (lines[0] ?? '') : lines);

/** Merges the names in Vary (RFC 9110 §12.5.5) without duplicates; `*` replaces all of them. */
function mergedVary(lines: readonly string[]): string {
  const names = new Map<string, string>();
  for (const word of lines.flatMap((line) => line.split(','))) {
    const name = word.trim();
    if (name !== '' && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  return names.has('*') ? '*' : [...names.values()].join(', ');
}

/** Sets a field's values, or adds them where the field allows several. */
export function setField(fields: Fields, name: string, values: readonly string[]): void {
  if (values.length === 0) return;
  const before = listOf(fields.get(name));
  if (name === 'vary') fields.set(name, mergedVary([...before, ...values]));
  else fields.set(name, oneOrMore(SEPARATE.has(name) ? [...before, ...values] : values));
}

/** Returns the response with changed fields. Any name is supported, `__proto__` included, which is a valid token. */
export function withFields(
  response: Response,
  change: (fields: Fields) => void,
  spellings: Readonly<Record<string, string>> = {},
): Response {
  const fields: Fields = new Map(Object.entries(response.headers ?? {}));
  change(fields);
  const headers: ResponseHeaders = Object.fromEntries(fields);
  return { ...response, headers, spellings: { ...response.spellings, ...spellings } };
}

/**
 * A change that is the same for every request. Each frozen response gets one frozen result, so that the server caches
 * its serialised form.
 */
export class FixedChange {
  readonly #known = new WeakMap<Response, Response>();
  readonly #spellings: Readonly<Record<string, string>>;
  readonly #change: (fields: Fields, status: number) => void;

  constructor(
    change: (fields: Fields, status: number) => void,
    spellings: Readonly<Record<string, string>> = {},
  ) {
    this.#change = change;
    this.#spellings = spellings;
  }

  of(response: Response): Response {
    if (!Object.isFrozen(response)) return this.#make(response);
    const known = this.#known.get(response);
    if (known !== undefined) return known;
    const made = Object.freeze(this.#make(response));
    this.#known.set(response, made);
    return made;
  }

  #make(response: Response): Response {
    return withFields(response, (fields) => this.#change(fields, response.status), this.#spellings);
  }
}
