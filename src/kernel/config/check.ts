import { type Findings, shown } from './findings.js';
import type { Registry, Rule } from './registry.js';
import type { Context, DirectiveUse } from './schema.js';
import { nearest } from './suggest.js';

/** The directives of one block that may be read, by canonical name; at least one use each. */
export type CheckedBlock = ReadonlyMap<string, readonly DirectiveUse[]>;

/** What may be said about where directives stand. */
export interface CheckContext {
  readonly registry: Registry;
  readonly findings: Findings;
  /** False when braces are missing: then a directive in the wrong block is a consequence, not a mistake. */
  readonly balanced: boolean;
  /** False when a plugin could not be loaded: then an unknown directive may be one of its own. */
  readonly complete: boolean;
}

/** Where names of nginx's are better explained than taken for a slip. */
const EXPLANATIONS: ReadonlyMap<string, string> = new Map([
  ['http', 'there is no "http" block here: write what is in it at the top of the file'],
  ['events', 'there is no "events" block here: take it out'],
  ['if', 'there are no conditions here: use location blocks'],
]);

/** Sorts a block's directives by name, and reports all that need no knowledge of their meaning. */
export function checkBlock(
  uses: readonly DirectiveUse[],
  context: Context,
  check: CheckContext,
): CheckedBlock {
  const checked = new Map<string, DirectiveUse[]>();
  for (const use of uses) {
    const name = check.registry.canonical(use.name);
    const rule = check.registry.rule(name);
    if (rule === undefined) {
      reportUnknown(use, context, check);
      continue;
    }
    if (!mayBeRead(use, rule, context, check)) continue;
    const earlier = checked.get(name);
    if (earlier === undefined) checked.set(name, [use]);
    else if (rule.repeatable) earlier.push(use);
    else reportDuplicate(use, earlier[0], check.findings);
  }
  return checked;
}

/** `client_max_body_size SIZE;` */
export function usageLine(name: string, rule: Rule): string {
  return rule.hasBlock ? `${name} ${rule.usage}` : `${name} ${rule.usage};`;
}

function mayBeRead(use: DirectiveUse, rule: Rule, context: Context, check: CheckContext): boolean {
  const { findings } = check;
  if (!rule.contexts.includes(context)) {
    if (check.balanced) reportWrongBlock(use, rule, context, findings);
    return false;
  }
  const count = use.arguments.length;
  const isCountRight = count >= rule.minArguments && count <= rule.maxArguments;
  if (!isCountRight) {
    const few = count < rule.minArguments;
    const extra = few ? undefined : use.arguments[rule.maxArguments];
    const message = `"${use.name}" takes ${countOf(rule)}, got ${count}`;
    findings.error('argument-count', message, extra?.place ?? use.place, {
      hint: `usage: ${usageLine(use.name, rule)}`,
    });
  }
  if (rule.hasBlock && use.block === undefined) {
    findings.error('missing-block', `"${use.name}" needs a block`, use.place, {
      hint: `usage: ${usageLine(use.name, rule)}`,
    });
    return false;
  }
  if (!rule.hasBlock && use.block !== undefined) {
    findings.error('unexpected-block', `"${use.name}" takes no block`, use.place, {
      hint: `usage: ${usageLine(use.name, rule)}`,
    });
    return false;
  }
  return isCountRight;
}

function countOf({ minArguments: min, maxArguments: max }: Rule): string {
  const noun = (count: number) => (count === 1 ? 'argument' : 'arguments');
  if (max === 0) return 'no arguments';
  if (min === max) return `${min === 1 ? 'one' : min} ${noun(min)}`;
  if (max === Number.POSITIVE_INFINITY) return `at least ${min === 1 ? 'one' : min} ${noun(min)}`;
  return `${min} to ${max} arguments`;
}

function reportUnknown(use: DirectiveUse, context: Context, check: CheckContext): void {
  const { findings, registry } = check;
  const message = `unknown directive "${shown(use.name)}" in ${context}`;
  if (findings.full) {
    findings.error('unknown-directive', message, use.place);
    return;
  }
  const explained = EXPLANATIONS.get(use.name);
  const meant = nearest(use.name, registry.namesIn(context));
  if (!check.complete && explained === undefined && meant === undefined) return;
  const hint = explained ?? (meant === undefined ? undefined : `did you mean "${meant}"?`);
  findings.error('unknown-directive', message, use.place, hint === undefined ? {} : { hint });
}

function reportWrongBlock(use: DirectiveUse, rule: Rule, context: Context, findings: Findings): void {
  const places = rule.contexts.map((name) => (name === 'main' ? 'the main block, outside all others' : name));
  findings.error('wrong-block', `"${use.name}" cannot stand in ${context}`, use.place, {
    hint: `it belongs in ${places.join(' or ')}`,
  });
}

function reportDuplicate(use: DirectiveUse, first: DirectiveUse | undefined, findings: Findings): void {
  const related = first === undefined ? [] : [{ message: 'first used here', place: first.place }];
  findings.error('duplicate-directive', `"${use.name}" may stand only once in a block`, use.place, {
    related,
  });
}
