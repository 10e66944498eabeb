import type { Argument, DirectiveUse } from '../../contract/directive.js';
import type { Findings } from '../../diagnostics/findings.js';
import type { Registry } from '../directives/registry.js';

/**
 * A `;` missing at the end of a line merges two directives. If a word that starts a line is the name of a directive,
 * this is reported and the two are separated again.
 */
export function separateRunOns(
  uses: readonly DirectiveUse[],
  registry: Registry,
  findings: Findings,
): readonly DirectiveUse[] {
  let changed: DirectiveUse[] | undefined;
  uses.forEach((use, index) => {
    const separated = separate(use, registry, findings);
    if (separated !== use) changed ??= uses.slice(0, index);
    changed?.push(...(Array.isArray(separated) ? separated : [separated]));
  });
  return changed ?? uses;
}

function separate(use: DirectiveUse, registry: Registry, findings: Findings): DirectiveUse | DirectiveUse[] {
  const at = use.arguments.findIndex((word, index) => {
    const before = use.arguments[index - 1] ?? use;
    return startsLine(word) && word.place.line > before.place.line && registry.isKnown(word.text);
  });
  const next = use.arguments[at];
  if (next === undefined) {
    // The lines inside `types` are not directives.
    if (use.block === undefined || use.name === 'types') return use;
    const block = separateRunOns(use.block, registry, findings);
    return block === use.block ? use : { ...use, block };
  }
  const last = use.arguments[at - 1] ?? use;
  const { place } = last;
  findings.error('missing-semicolon', `";" is missing before "${next.text}"`, {
    ...place,
    column: place.column + place.length,
    length: 1,
  });
  const rest: DirectiveUse = {
    name: next.text,
    place: next.place,
    arguments: use.arguments.slice(at + 1),
    block: use.block,
  };
  const first: DirectiveUse = { ...use, arguments: use.arguments.slice(0, at), block: undefined };
  return [first].concat(separate(rest, registry, findings));
}

/** Quoted words have their quote there; what a colon follows is a key of YAML, where nothing ends with `;`. */
function startsLine({ text, place }: Argument): boolean {
  const start = place.column - 1;
  if (place.text.slice(0, start).trim() !== '' || !place.text.startsWith(text, start)) return false;
  return !/^\s*:(?:\s|$)/.test(place.text.slice(start + text.length));
}
