import { fileURLToPath } from 'node:url';
import { packageDirectory } from '../../../package-directory.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { displayPath } from '../../diagnostics/display-path.js';

const CODE = 'nginx-directive';

/** Where to read on, for a list that has directives of nginx in it; empty for any other. By the path it has on this machine. */
export function pageForNginx(diagnostics: readonly Diagnostic[]): string {
  if (!diagnostics.some(({ code }) => code === CODE)) return '';
  const page = displayPath(fileURLToPath(new URL('docs/from-nginx.md', packageDirectory)));
  return `webserv: what becomes of the directives of nginx is told in ${page}\n`;
}
