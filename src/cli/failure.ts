import { pageForNginx } from '../kernel/config/nginx/page.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { renderDiagnostics } from '../kernel/diagnostics/render.js';
import { hasColour } from './terminal.js';

/** Shows what is wrong with a configuration, and what is only worth a warning. */
export function showDiagnostics(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const colour = hasColour(process.stderr);
  process.stderr.write(`${renderDiagnostics(diagnostics, { colour })}${pageForNginx(diagnostics)}`);
}
