import type { DirectiveUse } from '../contract/directive.js';
import type { Finding, Plugin } from '../contract/plugin.js';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import { ConfigError } from '../diagnostics/config-error.js';
import type { Diagnostic, Place, Severity } from '../diagnostics/diagnostic.js';
import { errorMessage } from '../diagnostics/error-text.js';
import { PluginError } from '../http/plugin-error.js';

/** @throws TypeError for a code that the plugin does not declare: it could not be looked up */
export function diagnosticOf({ name, codes }: Plugin, severity: Severity, finding: Finding): Diagnostic {
  if (Object.hasOwn(codes, finding.code)) return { ...finding, severity };
  throw new TypeError(`"${finding.code}" is none of the codes of plugin "${name}"`);
}

/** Where a directive is first used, or the first of its arguments that is this word. */
export function placeIn(uses: readonly DirectiveUse[], word: string | undefined): Place | undefined {
  if (word === undefined) return uses[0]?.place;
  return uses.flatMap((use) => use.arguments).find(({ text }) => text === word)?.place ?? uses[0]?.place;
}

/**
 * Converts an exception of a plugin while the server was built: its own diagnostics, or a bug with its place in the
 * code.
 */
export function refusalOf(error: unknown, step: string, place: Place | undefined): readonly Diagnostic[] {
  if (error instanceof ConfigError) return error.diagnostics;
  const message = `${step}: ${errorMessage(error)}`;
  const code: DiagnosticCode = 'plugin-failed';
  // Where the plugin threw, not where its name was put on that.
  const thrown = error instanceof PluginError ? error.cause : error;
  const frame = thrown instanceof Error ? firstFrame(thrown) : undefined;
  return [{ severity: 'error', code, message, place, ...(frame === undefined ? {} : { hint: frame }) }];
}

/** The first line of a stack that tells of a file. */
function firstFrame({ stack = '' }: Error): string | undefined {
  return /^\s*(at .*[/\\].*:\d+:\d+\)?)$/m.exec(stack)?.[1];
}
