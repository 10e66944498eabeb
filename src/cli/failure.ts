import type { Diagnostic } from '../kernel/config/diagnostic.js';
import { renderDiagnostics } from '../kernel/config/render.js';
import { ConfigError } from '../kernel/errors.js';
import { counted, reasonOf } from '../kernel/failure.js';
import { hasColour, say } from './terminal.js';

/** Shows what is wrong with a configuration, and what is only worth a warning. */
export function showDiagnostics(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  process.stderr.write(renderDiagnostics(diagnostics, { colour: hasColour(process.stderr) }));
}

/** Says why a server cannot be started, or a configuration not be used. */
export function showFailure(error: unknown): void {
  if (error instanceof ConfigError) {
    showDiagnostics(error.diagnostics);
    say(`the configuration cannot be used: ${counted(error.diagnostics)}`);
  } else say(reasonOf(error));
}
