import type { CheckedBlock } from '../../contract/config.js';
import type { Context, DirectiveUse } from '../../contract/directive.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import { type Findings, shown } from '../../diagnostics/findings.js';
import { nearest } from '../../diagnostics/suggest.js';
import type { Registry, Rule } from '../directives/registry.js';
import { elsewhereInNginx } from '../nginx/contexts.js';
import { nginxOutcome } from '../nginx/directives.js';
import type { Outcome } from '../nginx/outcome.js';

/** Context for checking where directives are allowed. */
export interface CheckContext {
  readonly registry: Registry;
  readonly findings: Findings;
  /** False when a plugin could not be loaded: then an unknown directive may be one of its own. */
  readonly complete: boolean;
  /** Directives of plugins that are installed and not loaded → what `load_plugin` calls the plugin. */
  readonly providers: ReadonlyMap<string, string>;
}

/** Sorts a block's directives by name, and reports all that need no knowledge of their meaning. */
export function checkBlock(
  uses: readonly DirectiveUse[],
  context: Context,
  check: CheckContext,
): CheckedBlock {
  const checked = new Map<string, DirectiveUse[]>();
  collect(uses, context, check, checked);
  return checked;
}

function collect(
  uses: readonly DirectiveUse[],
  context: Context,
  check: CheckContext,
  checked: Map<string, DirectiveUse[]>,
): void {
  for (const use of uses) {
    const name = check.registry.canonical(use.name);
    const rule = check.registry.rule(name);
    if (rule === undefined) collectUnknown(use, context, check, checked);
    else check.findings.concerning(name, () => collectKnown(use, { name, rule, context, check, checked }));
  }
}

interface Known {
  /** Canonical. */
  readonly name: string;
  readonly rule: Rule;
  readonly context: Context;
  readonly check: CheckContext;
  readonly checked: Map<string, DirectiveUse[]>;
}

function collectKnown(use: DirectiveUse, { name, rule, context, check, checked }: Known): void {
  if (!mayBeRead(use, rule, context, check)) return;
  const [first] = checked.get(name) ?? [];
  if (first === undefined || rule.repeatable) add(checked, name, use);
  else reportDuplicate(use, first, check.findings);
}

function collectUnknown(
  use: DirectiveUse,
  context: Context,
  check: CheckContext,
  checked: Map<string, DirectiveUse[]>,
): void {
  const words = use.arguments.map(({ text }) => text);
  const outcome = nginxOutcome(use.name, words, check.registry);
  if (outcome !== undefined) {
    reportNginx(use, outcome, check);
    // Directives in nginx's outermost block are treated as if they were outside it; those in other blocks have no
    // meaning here.
    if (use.name === 'http' && context === 'main') collect(use.block ?? [], context, check, checked);
    return;
  }
  reportUnknown(use, context, check);
  const meant = blockMeant(use, context, check);
  if (meant !== undefined) add(checked, meant, use);
}

function add(checked: Map<string, DirectiveUse[]>, name: string, use: DirectiveUse): void {
  const uses = checked.get(name);
  if (uses === undefined) checked.set(name, [use]);
  else uses.push(use);
}

/** The content of a misspelled `servr { … }` is checked as if the name were correct. */
function blockMeant(
  use: DirectiveUse,
  context: Context,
  { registry, findings }: CheckContext,
): string | undefined {
  if (use.block === undefined || findings.full) return undefined;
  const meant = nearest(use.name, registry.namesIn(context));
  return meant !== undefined && registry.rule(meant)?.hasBlock ? meant : undefined;
}

/** `client_max_body_size SIZE;` */
export function usageLine(name: string, rule: Rule): string {
  return rule.hasBlock ? `${name} ${rule.usage}` : `${name} ${rule.usage};`;
}

function mayBeRead(use: DirectiveUse, rule: Rule, context: Context, { findings }: CheckContext): boolean {
  if (!rule.contexts.includes(context)) {
    const why = elsewhereInNginx.get(use.name);
    if (why !== undefined && context !== 'main') {
      const message = `"${use.name}" has no effect in a ${context}: ${why}`;
      findings.countedWarning('nginx-directive', message, use, { hint: `it belongs in ${placesOf(rule)}` });
      return false;
    }
    findings.error('wrong-block', `"${use.name}" is not allowed in ${context}`, use.place, {
      hint: `it belongs in ${placesOf(rule)}`,
    });
    return false;
  }
  return mayBeWritten(use, rule, findings);
}

function placesOf({ contexts }: Rule): string {
  return contexts.map((name) => (name === 'main' ? 'main (outside of all blocks)' : name)).join(' or ');
}

/** A block is read whatever its arguments are: its content can have errors of its own. */
export function mayBeWritten(use: DirectiveUse, rule: Rule, findings: Findings): boolean {
  const hint = `usage: ${usageLine(use.name, rule)}`;
  const isCountRight = checkCount(use, rule, hint, findings);
  if (rule.hasBlock === (use.block !== undefined)) return rule.hasBlock || isCountRight;
  if (rule.hasBlock) findings.error('missing-block', `"${use.name}" needs a block`, use.place, { hint });
  else findings.error('unexpected-block', `"${use.name}" takes no block`, use.place, { hint });
  return false;
}

function checkCount(use: DirectiveUse, rule: Rule, hint: string, findings: Findings): boolean {
  const count = use.arguments.length;
  if (count >= rule.minArguments && count <= rule.maxArguments) return true;
  const message = `"${use.name}" takes ${countOf(rule)}, got ${count}`;
  const extra = use.arguments[rule.maxArguments];
  const before = use.arguments[rule.maxArguments - 1] ?? use;
  const onNextLine = extra !== undefined && extra.place.line > before.place.line;
  findings.error('argument-count', message, extra?.place ?? use.place, {
    hint: onNextLine ? `is ";" missing at the end of line ${before.place.line}?` : hint,
  });
  return false;
}

function countOf({ minArguments: min, maxArguments: max }: Rule): string {
  const counted = (count: number) => (count === 1 ? 'one argument' : `${count} arguments`);
  if (max === 0) return 'no arguments';
  if (min === max) return counted(min);
  return max === Number.POSITIVE_INFINITY ? `at least ${counted(min)}` : `${min} to ${max} arguments`;
}

/** Its blocks are no plugin's; any other may be one of the plugin that could not be loaded. */
function reportNginx(
  use: DirectiveUse,
  { effect, what, write = 'remove it' }: Outcome,
  { findings, complete }: CheckContext,
): void {
  if (!complete && use.block === undefined) return;
  const name = shown(use.name);
  const details = { hint: write };
  if (effect === 'nothing') {
    findings.countedWarning('nginx-directive', `"${name}" has no effect here: ${what}`, use, details);
    return;
  }
  const message = `"${name}" is a directive of nginx that webserv does not have: ${what}`;
  if (effect === 'costs') findings.countedWarning('nginx-directive', message, use, details);
  else findings.concerning('', () => findings.error('nginx-directive', message, use.place, details));
}

function reportUnknown(use: DirectiveUse, context: Context, check: CheckContext): void {
  const { findings, registry } = check;
  const message = `unknown directive "${shown(use.name)}" in ${context}`;
  if (findings.full) {
    findings.error('unknown-directive', message, use.place);
    return;
  }
  const provider = check.providers.get(use.name);
  if (provider !== undefined) {
    const hint = `it is provided by plugin "${provider}", which is installed: add "load_plugin ${provider};"`;
    findings.concerning('', () => findings.error('unknown-directive', message, use.place, { hint }));
    return;
  }
  const here = nearest(use.name, registry.namesIn(context));
  const meant = here ?? nearest(use.name, registry.names);
  const rule = meant === undefined ? undefined : registry.rule(registry.canonical(meant));
  if (!check.complete && rule === undefined) return;
  const belongs = here === undefined && rule !== undefined ? ` It belongs in ${placesOf(rule)}` : '';
  const hint = meant === undefined ? {} : { hint: `did you mean "${meant}"?${belongs}` };
  // A name unlike any known one is not a typing error.
  findings.concerning(meant ?? '', () => findings.error('unknown-directive', message, use.place, hint));
}

export function reportDuplicate(use: DirectiveUse, first: DirectiveUse, findings: Findings): void {
  // In YAML and JSON one name may have both uses: then it is their arguments that tell them apart.
  const isOneName = use.place.line === first.place.line && use.place.column === first.place.column;
  const placeOf = ({ arguments: [word], place }: DirectiveUse): Place =>
    isOneName ? (word?.place ?? place) : place;
  const related = [{ message: 'first used here', place: placeOf(first) }];
  findings.error('duplicate-directive', `"${use.name}" may be used only once in a block`, placeOf(use), {
    related,
  });
}
