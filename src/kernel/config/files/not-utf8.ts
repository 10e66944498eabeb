import type { NotUtf8 } from '../../diagnostics/decode-utf8.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { displayPath } from '../../diagnostics/display-path.js';
import type { Findings } from '../../diagnostics/findings.js';
import { Source } from '../language/source.js';

/** The place is in the file itself: with the name of the file alone, the byte would have to be searched for. */
export function reportNotUtf8(
  { text, at, message, hint }: NotUtf8,
  path: string,
  findings: Findings,
  related: Pick<Diagnostic, 'related'> = {},
): void {
  const file = displayPath(path);
  findings.opened(file);
  findings.error('not-utf8', message, new Source(file, text).place(at, at + 1), { hint, ...related });
}
