/**
 * A distinguished name as one line (RFC 2253), most specific part first, as nginx has it in `$ssl_client_s_dn`.
 * @param lines as Node shows it: one part a line, the least specific first, special characters escaped
 */
export function distinguishedName(lines: string): string {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map(escaped)
    .toReversed()
    .join(',');
}

/** Bytes beyond ASCII as `\C3\A4`: the name may go into a header field. */
function escaped(part: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  return part.replace(/[^\x00-\x7f]+/g, (text) =>
    Array.from(Buffer.from(text), (byte) => `\\${byte.toString(16).toUpperCase()}`).join(''),
  );
}
