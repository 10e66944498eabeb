import type { DirectiveUse } from '../../contract/directive.js';
import type { Rule } from '../directives/registry.js';

/** The properties of a directive that its name determines. */
type RuleOf = (name: string) => Pick<Rule, 'block' | 'hasBlock' | 'maxArguments'> | undefined;

/**
 * In YAML and JSON, `limit: { rate: 10 }` reads as the directive `limit` with the words `rate 10` until it is known
 * that `limit` takes a block. That is known once the plugins are loaded: then an object becomes a block.
 */
export function withObjectBlocks(uses: readonly DirectiveUse[], ruleOf: RuleOf): readonly DirectiveUse[] {
  if (!uses.some(({ keyed, block }) => keyed || block !== undefined)) return uses;
  const shaped: DirectiveUse[] = [];
  let gathering: { readonly from: DirectiveUse; readonly inner: DirectiveUse[] } | undefined;
  for (const use of uses) {
    const rule = ruleOf(use.name);
    if (isEmpty(use) && !(rule?.hasBlock && rule.maxArguments === 0)) {
      // No locations are none; of any other directive, nothing was given to it: the check of its arguments says so.
      if (!rule?.hasBlock) shaped.push({ ...use, block: undefined });
      continue;
    }
    if (rule?.block === undefined || rule.maxArguments > 0 || !use.keyed) {
      gathering = undefined;
      const block = use.block && withObjectBlocks(use.block, inside(rule, ruleOf));
      shaped.push({ ...use, block });
      continue;
    }
    if (gathering?.from.place !== use.place) {
      gathering = { from: use, inner: [] };
      shaped.push({ name: use.name, place: use.place, arguments: [], block: gathering.inner });
    }
    const inner = inside(rule, ruleOf);
    gathering.inner.push(...withObjectBlocks(unkeyed(use, inner), inner));
  }
  return shaped;
}

/** `{}` or `[]`: no use of a directive, or an empty block of one that has a block. */
function isEmpty({ keyed, arguments: words, block }: DirectiveUse): boolean {
  return keyed === true && words.length === 0 && block?.length === 0;
}

/** A plugin's block has names of its own; in the others those of the configuration count. */
function inside(rule: ReturnType<RuleOf>, outer: RuleOf): RuleOf {
  const table = rule?.block;
  if (table === undefined) return outer;
  return (name) => {
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    return row && { block: row.block, hasBlock: row.block !== undefined, maxArguments: row.maxArguments };
  };
}

/** `limit rate 10` → `rate 10`; `limit zone { a … }`, where `zone` takes a word before its block → `zone a …`. */
function unkeyed(
  { arguments: [key, ...rest], block }: DirectiveUse,
  ruleOf: RuleOf,
): readonly DirectiveUse[] {
  if (key === undefined) return [];
  const { text: name, place } = key;
  if (block === undefined) return [{ name, place, arguments: rest, block }];
  const rule = ruleOf(name);
  if (rule?.hasBlock && rule.maxArguments === 0) return [{ name, place, arguments: rest, block }];
  return block.map((entry) => ({
    name,
    place,
    arguments: [{ text: entry.name, place: entry.place }, ...entry.arguments],
    block: entry.block,
  }));
}
