import { fileURLToPath } from 'node:url';
import { packageDirectory } from '../../../package-directory.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { displayPath } from '../../diagnostics/display-path.js';

const CODE = 'nginx-directive';

/** Names the page about nginx’s directives, by its path on this machine; empty for diagnostics of other kinds. */
export function pageForNginx(diagnostics: readonly Diagnostic[]): string {
  if (!diagnostics.some(({ code }) => code === CODE)) return '';
  const page = displayPath(fileURLToPath(new URL('docs/from-nginx.md', packageDirectory)));
  return `webserv: see ${page} for how each nginx directive is treated\n`;
}
