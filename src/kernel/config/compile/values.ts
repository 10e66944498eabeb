import type { CheckedBlock } from '../../contract/config.js';
import type {
  ArgumentError,
  Directive,
  DirectiveUse,
  OptionValues,
  Scope,
} from '../../contract/directive.js';
import type { Plugin } from '../../contract/plugin.js';
import { type Findings, reasonOf, shown } from '../../diagnostics/findings.js';
import { checkInner } from './inner-block.js';
import type { Provenance } from './provenance.js';
import type { SharedOptions } from './shared-options.js';

/** Context for settling the values of a block. */
export interface SettleContext {
  readonly scope: Scope;
  readonly findings: Findings;
  /** Notes where each value of the block comes from; undefined unless someone asks for that. */
  readonly provenance?: Provenance | undefined;
}

/** Settles one directive in one block: by its own uses there, or by inheritance. */
export function settle<T>(
  name: string,
  row: Directive<T>,
  block: CheckedBlock,
  outer: T,
  { scope, findings, provenance }: SettleContext,
): T {
  const around = row.inheritance === 'none' ? row.fallback : outer;
  const uses = block.get(name);
  if (uses === undefined) return around;
  return findings.concerning(name, () => {
    if (row.block !== undefined) for (const use of uses) checkInner(use, row.block, findings);
    try {
      const value = row.read(uses, around, scope, (use, error) => reportArgument(use, error, row, findings));
      provenance?.note(name, row, uses, value);
      return value;
    } catch (error) {
      const message = `the plugin of "${name}" failed to read it: ${shown(reasonOf(error))}`;
      findings.error('plugin-failed', message, uses[0]?.place);
      return around;
    }
  });
}

function reportArgument(
  use: DirectiveUse,
  error: ArgumentError,
  row: Directive<unknown>,
  findings: Findings,
): void {
  const hint = error.hint ?? (row.example === undefined ? undefined : `for example: ${row.example}`);
  findings.error(
    'wrong-argument',
    `"${use.name}": ${error.message}`,
    error.argument?.place ?? use.place,
    hint === undefined ? {} : { hint },
  );
}

/** The options of each plugin where no block uses its directives. */
export function fallbackOptions(plugins: readonly Plugin[]): ReadonlyMap<string, OptionValues> {
  return new Map(
    plugins.map(({ name, directives }) => [
      name,
      Object.freeze(Object.fromEntries(Object.entries(directives).map(([key, row]) => [key, row.fallback]))),
    ]),
  );
}

interface OptionContext extends SettleContext {
  readonly shared: SharedOptions;
}

/**
 * The options of every plugin in one block. Where a block changes nothing, the objects of the block around it are
 * shared, and equal changes are shared with other blocks: a thousand servers that differ in little hold little.
 */
export function settleOptions(
  plugins: readonly Plugin[],
  block: CheckedBlock,
  outer: ReadonlyMap<string, OptionValues>,
  context: OptionContext,
): ReadonlyMap<string, OptionValues> {
  const changes = new Map<string, OptionValues>();
  for (const plugin of plugins) {
    const around = outer.get(plugin.name) ?? {};
    const changed = settlePlugin(plugin, block, around, context);
    if (changed !== undefined) changes.set(plugin.name, context.shared.options(around, changed));
  }
  return changes.size === 0 ? outer : context.shared.table(outer, changes);
}

/** Returns the values that differ from those around; undefined where none does. */
function settlePlugin(
  plugin: Plugin,
  block: CheckedBlock,
  around: OptionValues,
  context: OptionContext,
): OptionValues | undefined {
  let changed: Record<string, unknown> | undefined;
  for (const name in plugin.directives) {
    const row = plugin.directives[name];
    if (row === undefined || (row.inheritance !== 'none' && !block.has(name))) continue;
    const outer = around[name];
    const value = context.shared.value(settle(name, row, block, outer, context));
    if (value === outer) continue;
    changed ??= {};
    changed[name] = value;
  }
  return changed;
}
