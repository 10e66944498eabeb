import { problemOf } from './hashes.js';

/** A password file, read. Names are one character a byte, as in a request. */
export interface PasswordLines {
  /** User → hash. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Why the file cannot be used. Tells lines and names, nothing of a password. */
  readonly problems: readonly string[];
  /** What is doubtful. */
  readonly doubts: readonly string[];
}

const MAX_USER_BYTES = 255;
const BOM = '\xef\xbb\xbf';

const shown = (user: string): string => JSON.stringify(Buffer.from(user, 'latin1').toString());

/**
 * `name:hash` a line, or `name:hash:comment`, as nginx has it. Empty lines and those that start with `#` are none. Of
 * several lines for one name the first counts, as for Apache and nginx.
 * @param text one character a byte
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
    if (hash === undefined || user === '') problems.push(`${where} is no "name:hash"`);
    else if (user.length > MAX_USER_BYTES) problems.push(`${where}: the name is too long`);
    else if (hashes.has(user))
      doubts.push(`${where}: ${shown(user)} has a line above, which is the one that counts`);
    else {
      const problem = problemOf(hash.trim());
      if (problem === undefined) hashes.set(user, hash.trim());
      else problems.push(`${where}, ${shown(user)}: ${problem}`);
    }
  }
  if (hashes.size === 0 && problems.length === 0) doubts.push('there is nobody in it: nobody can pass');
  return { hashes, problems, doubts };
}
