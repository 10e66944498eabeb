import type {
  ArgumentType,
  Directive,
  DirectiveTable,
  DirectiveUse,
  OptionsOf,
  Report,
  Scope,
} from '../../contract/directive.js';
import { checkKeys } from '../../contract/known-keys.js';
import { readReported } from './arguments.js';
import type { DirectiveOptions } from './directives.js';

/** Directives whose value is a block of others: `limit { rate 10; burst 5; }`, `zone NAME { … }`. */

export interface BlockOptions<Table extends DirectiveTable, Default>
  extends DirectiveOptions<OptionsOf<Table> | Default> {
  /**
   * Directives allowed in the block. Their contexts and inheritance do not apply there: each is either used or has its
   * default.
   */
  readonly directives: Table;
}

const OPTIONS: readonly string[] = Object.keys({
  default: true,
  help: true,
  in: true,
  inherit: true,
  example: true,
  writtenDefault: true,
  directives: true,
  key: true,
} satisfies Record<keyof NamedBlocksOptions<DirectiveTable, unknown>, true>);

/** `name { … }`, once in a block. The value holds each inner directive's. */
export function block<Table extends DirectiveTable, Default = OptionsOf<Table>>(
  options: BlockOptions<Table, Default>,
): Directive<OptionsOf<Table> | Default> {
  return {
    ...rowOf(options, '{ … }', 0, false),
    read(uses, outer, scope, report) {
      const last = uses.at(-1);
      return last?.block === undefined ? outer : readTable(options.directives, last.block, scope, report);
    },
  };
}

/** Options of `namedBlocks`. */
export interface NamedBlocksOptions<Table extends DirectiveTable, Key>
  extends DirectiveOptions<ReadonlyMap<Key, OptionsOf<Table>>> {
  /** The directives of each block. Their contexts and inheritance do not count there. */
  readonly directives: Table;
  /** Type of the argument in front of the block. */
  readonly key: ArgumentType<Key>;
}

/** `name KEY { … }`, many: a map from each key to what its block holds; the later of two with one key counts. */
export function namedBlocks<Table extends DirectiveTable, Key>(
  options: NamedBlocksOptions<Table, Key>,
): Directive<ReadonlyMap<Key, OptionsOf<Table>>> {
  return {
    ...rowOf(options, `${options.key.usage} { … }`, 1, true),
    argumentTypes: [options.key],
    read(uses, outer, scope, report) {
      const values = new Map(options.inherit === 'merge' ? outer : []);
      for (const use of uses) {
        const [word] = use.arguments;
        if (word === undefined || use.block === undefined) continue; // said by the check of the block around
        const key = readReported(options.key, word, scope, (error) => report(use, error));
        const value = readTable(options.directives, use.block, scope, report);
        if (key !== undefined) values.set(key, value);
      }
      return values;
    },
  };
}

function rowOf<T>(
  options: DirectiveOptions<T> & { readonly directives: DirectiveTable },
  usage: string,
  argumentCount: number,
  repeatable: boolean,
): Omit<Directive<T>, 'read'> {
  checkKeys('a directive', options, OPTIONS);
  return {
    contexts: options.in ?? ['server', 'location'],
    help: options.help,
    usage,
    minArguments: argumentCount,
    maxArguments: argumentCount,
    repeatable,
    inheritance: options.inherit ?? 'nearest',
    example: options.example,
    fallback: options.default,
    block: options.directives,
  };
}

/** Uses the check of blocks has refused are passed over. */
function readTable<Table extends DirectiveTable>(
  table: Table,
  uses: readonly DirectiveUse[],
  scope: Scope,
  report: Report,
): OptionsOf<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(table)) {
    const own = uses.filter((use) => use.name === name && isReadable(use, row));
    const counted = row.repeatable ? own : own.slice(0, 1);
    values[name] = counted.length === 0 ? row.fallback : row.read(counted, row.fallback, scope, report);
  }
  return typed<Table>(Object.freeze(values));
}

function isReadable({ arguments: { length }, block: inner }: DirectiveUse, row: Directive<unknown>): boolean {
  if (length < row.minArguments || length > row.maxArguments) return false;
  return (inner === undefined) === (row.block === undefined);
}

/** As in plugin.ts: each value is read by the row its type comes from, which the compiler cannot follow by name. */
function typed<Table>(values: Readonly<Record<string, unknown>>): OptionsOf<Table> {
  return values as OptionsOf<Table>;
}
