import { type Argument, ArgumentError, argument, type Directive, directive } from '@webserv/server';
import { readSettableName } from './field-name.js';
import { type FieldValue, readFieldValue } from './field-value.js';

export interface Addition {
  readonly value: FieldValue;
  /** For every status, not only where nginx adds. */
  readonly always: boolean;
}

/** What becomes of one field of the answers of a block. */
export interface FieldChange {
  /** Whatever the answer has under this name is taken out first. */
  readonly removed: boolean;
  readonly additions: readonly Addition[];
  /** The name as it is written. */
  readonly spelling: string;
}

/** By name in lower case. */
export type FieldChanges = ReadonlyMap<string, FieldChange>;

interface Use extends FieldChange {
  readonly name: string;
}

/** Without `always`, as nginx: what may be kept or followed, and no error. */
export const PLAIN_STATUSES: ReadonlySet<number> = new Set([
  200, 201, 204, 206, 301, 302, 303, 304, 307, 308,
]);

function readAlways(word: Argument | undefined): boolean {
  if (word === undefined) return false;
  if (word.text === 'always') return true;
  throw new ArgumentError(`expected "always" or nothing more, got "${word.text}"`, {
    argument: word,
    hint: 'put a value with spaces or ";" in it in quotes',
  });
}

/** A block's uses of one name belong together, and stand for what the blocks around it say of that name. */
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
  help: 'adds a field to the answers’ headers, on errors too with always; an empty value takes the field out',
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
