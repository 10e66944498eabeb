import { ENVIRONMENT_NAME } from '../../contract/template.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import { type Findings, shown } from '../../diagnostics/findings.js';

/**
 * `${NAME}` and `${NAME:-default}` in an argument: environment variables, filled in when the configuration is
 * read. Only names in capitals: `$uri` and `${remote_addr}` are variables of templates, filled in for each exchange.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** `text` is what stands for it in the argument: the reference itself where it is no environment variable. */
export type Reference =
  | { readonly end: number; readonly text: string }
  | {
      readonly end: number;
      readonly text: string;
      readonly problem: 'unset' | 'unclosed';
      readonly name: string;
    };

const CODE = { lineFeed: 0x0a, closingBrace: 0x7d } as const;

function isNameCharacter(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) || // 0-9
    (code >= 0x41 && code <= 0x5a) || // A-Z
    code === 0x5f ||
    (code >= 0x61 && code <= 0x7a) // a-z
  );
}

/**
 * Reads the `${…}` at `at`, on one line and before `limit`. All that is looked at counts as read: a long line of
 * unclosed ones costs linear time.
 * @returns undefined when there is none
 */
export function readReference(
  text: string,
  at: number,
  limit: number,
  environment: Environment,
): Reference | undefined {
  if (!text.startsWith('${', at)) return undefined;
  const nameStart = at + 2;
  let end = nameStart;
  while (end < limit && isNameCharacter(text.charCodeAt(end))) end += 1;
  if (end === nameStart) return undefined;
  const name = text.slice(nameStart, end);
  let fallback: string | undefined;
  if (end + 2 <= limit && text.startsWith(':-', end)) {
    const start = end + 2;
    end = start;
    while (end < limit && !isEndOfDefault(text.charCodeAt(end))) end += 1;
    fallback = text.slice(start, end);
  }
  const closed = end < limit && text.charCodeAt(end) === CODE.closingBrace;
  if (closed) end += 1;
  if (!ENVIRONMENT_NAME.test(name)) return { end, text: text.slice(at, end) };
  if (!closed) return { end: beforeSemicolon(text, nameStart, end), text: '', problem: 'unclosed', name };
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  // As a shell's ${NAME:-default}: an empty value counts as unset.
  if (value !== undefined && (value !== '' || fallback === undefined)) return { end, text: value };
  return fallback === undefined ? { end, text: '', problem: 'unset', name } : { end, text: fallback };
}

function isEndOfDefault(code: number): boolean {
  return code === CODE.closingBrace || code === CODE.lineFeed;
}

/** The `;` at the end of what was read as a default is the directive's. */
function beforeSemicolon(text: string, start: number, end: number): number {
  const read = text.slice(start, end).trimEnd();
  return read.endsWith(';') ? start + read.length - 1 : end;
}

/** Reports what is wrong with a reference, if anything is. */
export function reportReference(reference: Reference, place: Place, findings: Findings): void {
  if (!('problem' in reference)) return;
  const { name } = reference;
  if (reference.problem === 'unclosed') {
    findings.error('unclosed-variable', `"\${${shown(name)}" has no closing "}"`, place);
  } else {
    findings.error('unset-variable', `the environment variable ${shown(name)} is not set`, place, {
      hint: `set it, or give a default: \${${shown(name)}:-value}`,
    });
  }
}

function isEnvironmentName(text: string, at: number): boolean {
  return /^[A-Z]/.test(text.slice(at + 2, at + 3));
}

/** A text with its environment variables filled in. */
export function expandReferences(
  text: string,
  environment: Environment,
  place: Place,
  findings: Findings,
): string {
  let expanded = '';
  let from = 0;
  for (let at = text.indexOf('${'); at !== -1; at = text.indexOf('${', Math.max(from, at + 2))) {
    const reference = readReference(text, at, text.length, environment);
    if (reference === undefined) continue;
    if (text[at - 1] === '\\' && isEnvironmentName(text, at)) {
      // As in the language: the text itself.
      expanded += text.slice(from, at - 1) + text.slice(at, reference.end);
      from = reference.end;
      continue;
    }
    reportReference(reference, place, findings);
    expanded += text.slice(from, at) + reference.text;
    from = reference.end;
  }
  return from === 0 ? text : expanded + text.slice(from);
}
