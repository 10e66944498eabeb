import { basename } from 'node:path';
import { Composer, type Document, isMap, type Node, Parser } from 'yaml';
import type { DirectiveUse } from '../../contract/directive.js';
import type { Findings } from '../../diagnostics/findings.js';
import type { Environment } from '../language/environment.js';
import { MAX_DEPTH } from '../language/parser.js';
import type { Source } from '../language/source.js';
import { ObjectForm } from './object-form.js';
import { depthOf } from './yaml-depth.js';

/** Converts YAML or JSON to directives. Errors are reported. */
export function parseYaml(
  source: Source,
  environment: Environment,
  findings: Findings,
): readonly DirectiveUse[] {
  const document = compose(source, findings);
  if (document === undefined) return [];
  const form = new ObjectForm(source, environment, findings);
  const root = basename(source.file) === 'package.json' ? propertyOf(document, 'webserv') : document.contents;
  // Where editors look for the JSON Schema of a file.
  const uses = form.block(root, 0).filter(({ name }) => name !== '$schema');
  return form.exceeded ? [] : uses;
}

function compose(source: Source, findings: Findings): Document.Parsed | undefined {
  const tokens = [...new Parser().parse(source.text)];
  // A location in a location takes two mappings.
  if (depthOf(tokens) > 2 * MAX_DEPTH) {
    findings.error('too-deep', `the text is nested more than ${2 * MAX_DEPTH} deep`, source.place(0, 1));
    return undefined;
  }
  const [document, second] = withoutStackTraces(() => [
    // The object form finds repeated keys itself: the composer compares each with each.
    ...new Composer({ prettyErrors: false, uniqueKeys: false }).compose(tokens, true, source.text.length),
  ]);
  if (document === undefined) return undefined;
  const problems = [...document.errors, ...document.warnings];
  for (const { pos, message } of problems) findings.error('syntax', message, source.place(pos[0], pos[1]));
  if (second !== undefined) {
    const [start] = second.range;
    findings.error('syntax', 'a file holds one document', source.place(start, start + 1));
  }
  return problems.length > 0 || second !== undefined ? undefined : document;
}

/** A hostile text can have a million errors, and capturing the stack of each would dominate the cost. */
function withoutStackTraces<T>(run: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function propertyOf(document: Document.Parsed, name: string): Node | null {
  const { contents } = document;
  if (!isMap(contents)) return null;
  const value = contents.get(name, true);
  return value ?? null;
}
