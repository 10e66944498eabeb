import { ArgumentError, type DirectiveUse, type Scope } from '../../contract/directive.js';
import type { Findings } from '../../diagnostics/findings.js';
import { shown } from '../../diagnostics/findings.js';
import { readArgument } from '../directives/arguments.js';
import { mediaType } from '../directives/core.js';

const EXTENSION = /^\.?([^\s./\\][^\s/\\]{0,63})$/;

/**
 * The media types around with those of the blocks added, extension (lower case, without dot) → type. The same
 * Map where nothing differs: every route has one.
 */
export function settleTypes(
  blocks: readonly DirectiveUse[] | undefined,
  outer: ReadonlyMap<string, string>,
  scope: Scope,
  findings: Findings,
): ReadonlyMap<string, string> {
  let types: Map<string, string> | undefined;
  for (const row of blocks?.flatMap(({ block }) => block ?? []) ?? []) {
    const type = readType(row, scope, findings);
    for (const word of row.arguments) {
      const extension = EXTENSION.exec(word.text)?.[1]?.toLowerCase();
      if (extension === undefined) {
        const message = `expected a file name extension such as html, got "${shown(word.text)}"`;
        findings.error('wrong-argument', message, word.place);
      } else if (type !== undefined && (types ?? outer).get(extension) !== type) {
        types ??= new Map(outer);
        types.set(extension, type);
      }
    }
  }
  return types ?? outer;
}

function readType(row: DirectiveUse, scope: Scope, findings: Findings): string | undefined {
  if (row.block !== undefined) {
    findings.error('unexpected-block', '"types" holds lines only, no blocks', row.place);
  } else if (row.arguments.length === 0) {
    findings.error('argument-count', `"${shown(row.name)}" has no extensions`, row.place, {
      hint: 'for example: text/html html htm;',
    });
  }
  try {
    return readArgument(mediaType, { text: row.name, place: row.place }, scope).toLowerCase();
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    findings.error('wrong-argument', error.message, row.place, { hint: 'for example: text/html html htm;' });
    return undefined;
  }
}
