import { type Diagnostic, formatPlace } from './diagnostic.js';

export function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ severity, code, message, place, hint }) => {
      const where = place === undefined ? '' : `${formatPlace(place)}: `;
      return `${where}${severity}[${code}]: ${message}\n${hint === undefined ? '' : `  help: ${hint}\n`}`;
    })
    .join('');
}
