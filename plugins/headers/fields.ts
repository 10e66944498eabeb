import type { Response, ResponseHeaders } from '@webserv/server';

/** The fields of an answer while they are changed: names in lower case. */
export type Fields = Map<string, string | readonly string[]>;

type Lines = string | readonly string[];

/** Each line says something of its own: what is added stands beside what the answer has. */
const SEPARATE: ReadonlySet<string> = new Set(['link', 'server-timing', 'set-cookie']);

const listOf = (lines: Lines | undefined): readonly string[] =>
  lines === undefined ? [] : typeof lines === 'string' ? [lines] : lines;

const oneOrMore = (lines: readonly string[]): Lines => (lines.length === 1 ? (lines[0] ?? '') : lines);

/** What an answer varies by adds up (RFC 9110 §12.5.5): each name once, and `*` stands for them all. */
function mergedVary(lines: readonly string[]): string {
  const names = new Map<string, string>();
  for (const word of lines.flatMap((line) => line.split(','))) {
    const name = word.trim();
    if (name !== '' && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  return names.has('*') ? '*' : [...names.values()].join(', ');
}

/** Gives a field its values: beside those it has where that is its meaning, instead of them otherwise. */
export function setField(fields: Fields, name: string, values: readonly string[]): void {
  if (values.length === 0) return;
  const before = listOf(fields.get(name));
  if (name === 'vary') fields.set(name, mergedVary([...before, ...values]));
  else fields.set(name, oneOrMore(SEPARATE.has(name) ? [...before, ...values] : values));
}

/** The same answer with other fields. Any name is kept, `__proto__` too, which is a token like any other. */
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
 * A change that is the same for every request. A frozen answer gets one frozen answer, again and again: the server keeps
 * the bytes it made of that.
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
