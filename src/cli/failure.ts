import { pageForNginx } from '../kernel/config/nginx/page.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { renderDiagnostics } from '../kernel/diagnostics/render.js';
import { hasColour } from './terminal.js';

/** Shows the errors and warnings of a configuration. */
export function showDiagnostics(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const colour = hasColour(process.stderr);
  process.stderr.write(`${renderDiagnostics(diagnostics, { colour })}${pageForNginx(diagnostics)}`);
}
