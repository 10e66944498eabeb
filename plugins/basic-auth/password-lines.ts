import { problemOf } from './hashes.js';

/** A parsed password file. Names have one character per byte, as in a request. */
export interface PasswordLines {
  /** User → hash. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Why the file cannot be used: line numbers and names, nothing of a password. */
  readonly problems: readonly string[];
  /** Warnings about the file. */
  readonly doubts: readonly string[];
}

const MAX_USER_BYTES = 255;
const BOM = '\xef\xbb\xbf';

const shown = (user: string): string => JSON.stringify(Buffer.from(user, 'latin1').toString());

/**
 * Parses lines of the form `name:hash` or `name:hash:comment`, as nginx does. Skips empty lines and those that start
 * with `#`. The first of several lines for one name applies, as in Apache and nginx.
 * @param text one character per byte
 */
export function readPasswordLines(text: string): PasswordLines {
  const hashes = new Map<string, string>();
  const problems: string[] = [];
  const doubts: string[] = [];
  const lines = (text.startsWith(BOM) ? text.slice(BOM.length) : text).split('\n');
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const where = `line ${index + 1}`;
    const [user = '', hash] = line.split(':', 2);
    if (hash === undefined || user === '') problems.push(`${where} is not "name:hash"`);
    else if (user.length > MAX_USER_BYTES)
      problems.push(`${where}: the name exceeds ${MAX_USER_BYTES} bytes`);
    else if (hashes.has(user))
      doubts.push(`${where}: ${shown(user)} is defined again; the first line applies`);
    else {
      const problem = problemOf(hash.trim());
      if (problem === undefined) hashes.set(user, hash.trim());
      else problems.push(`${where}, ${shown(user)}: ${problem}`);
    }
  }
  if (hashes.size === 0 && problems.length === 0) doubts.push('it has no users, so no client is admitted');
  return { hashes, problems, doubts };
}
