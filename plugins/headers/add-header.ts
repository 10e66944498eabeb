import { type Argument, ArgumentError, argument, type Directive, directive } from '@webserv/server';
import { readSettableName } from './field-name.js';
import { type FieldValue, readFieldValue } from './field-value.js';

export interface Addition {
  readonly value: FieldValue;
  /** Add to every status, not only those that nginx adds it to. */
  readonly always: boolean;
}

/** Changes to one field of a block's responses. */
export interface FieldChange {
  /** Remove all values of the field from the response first. */
  readonly removed: boolean;
  readonly additions: readonly Addition[];
  /** The name as written in the configuration. */
  readonly spelling: string;
}

/** By name in lower case. */
export type FieldChanges = ReadonlyMap<string, FieldChange>;

interface Use extends FieldChange {
  readonly name: string;
}

/** Statuses without `always`, as in nginx: successes and redirects, no errors. */
export const PLAIN_STATUSES: ReadonlySet<number> = new Set([
  200, 201, 204, 206, 301, 302, 303, 304, 307, 308,
]);

function readAlways(word: Argument | undefined): boolean {
  if (word === undefined) return false;
  if (word.text === 'always') return true;
  throw new ArgumentError(`expected "always" or the end of the directive, got "${word.text}"`, {
    argument: word,
    hint: 'quote a value that contains spaces or ";"',
  });
}

/** Merges a block's values for each name; they override what the enclosing blocks say about that name. */
function combine(uses: readonly Use[], outer: FieldChanges): FieldChanges {
  const own = new Map<string, FieldChange>();
  for (const { name, removed, additions, spelling } of uses) {
    const before = own.get(name);
    own.set(name, {
      removed: removed || before?.removed === true,
      additions: [...(before?.additions ?? []), ...additions],
      spelling: before?.spelling ?? spelling,
    });
  }
  return new Map([...outer, ...own]);
}

export const addHeader: Directive<FieldChanges> = directive<FieldChanges, Use>({
  default: new Map(),
  in: ['main', 'server', 'location'],
  inherit: 'merge',
  usage: 'NAME VALUE [always]',
  arguments: [2, 3],
  repeatable: true,
  help: 'adds a header field to responses, with always to error responses too; an empty value removes the field',
  example: 'add_header X-Frame-Options DENY always;',
  argumentTypes: [
    argument.word('NAME', /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'a field name'),
    argument.template,
    argument.oneOf(['always']),
  ],
  parse({ arguments: [name, value, always] }, scope) {
    if (name === undefined || value === undefined) throw new ArgumentError('expected a name and a value');
    const field = readSettableName(name);
    const isAlways = readAlways(always);
    const read = readFieldValue(value, scope);
    if (read === '') return { name: field, removed: true, additions: [], spelling: name.text };
    return {
      name: field,
      removed: false,
      additions: [{ value: read, always: isAlways }],
      spelling: name.text,
    };
  },
  combine,
});
