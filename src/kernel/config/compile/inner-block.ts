import type { DirectiveTable, DirectiveUse } from '../../contract/directive.js';
import { type Findings, shown } from '../../diagnostics/findings.js';
import { nearest } from '../../diagnostics/suggest.js';
import { ruleOf } from '../directives/registry.js';
import { mayBeWritten, reportDuplicate } from './check.js';

/** Reports what is wrong about the names and shapes in the block of a plugin's directive, and in the blocks in that. */
export function checkInner(
  { name: outer, block = [] }: DirectiveUse,
  table: DirectiveTable,
  findings: Findings,
): void {
  const firsts = new Map<string, DirectiveUse>();
  for (const use of block) {
    const row = Object.hasOwn(table, use.name) ? table[use.name] : undefined;
    if (row === undefined) {
      reportUnknown(use, outer, table, findings);
      continue;
    }
    if (!mayBeWritten(use, ruleOf(row), findings)) continue;
    const first = firsts.get(use.name);
    if (first !== undefined && !row.repeatable) reportDuplicate(use, first, findings);
    else firsts.set(use.name, use);
    if (row.block !== undefined) checkInner(use, row.block, findings);
  }
}

function reportUnknown(use: DirectiveUse, outer: string, table: DirectiveTable, findings: Findings): void {
  const message = `unknown directive "${shown(use.name)}" in ${outer}`;
  const meant = findings.full ? undefined : nearest(use.name, Object.keys(table));
  const hint = meant === undefined ? {} : { hint: `did you mean "${meant}"?` };
  findings.error('unknown-directive', message, use.place, hint);
}
