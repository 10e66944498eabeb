/** Matches a template that names its scheme or host; any other target is meant to stay on this server. */
const NAMES_ITS_ORIGIN = /^(?:[a-z][a-z0-9+.-]*:|\/\/|\$scheme\b|\$\{scheme\})/i;

/** Characters that are not allowed in a URI (RFC 3986 §2), and percent signs that start no escape. */
const NOT_IN_A_URI = /%(?![0-9a-f]{2})|[^\w\-.~:/?#[\]@!$&'()*+,;=%]+/gi;

/**
 * Makes a redirect's target safe for the `Location` field: percent-encodes characters that are not allowed in a URI, CR
 * and LF included, and keeps existing escapes.
 * @param source the target as written in the configuration
 * @param target the same with its variables filled in
 */
export function locationValue(source: string, target: string): string {
  const encoded = target.toWellFormed().replace(NOT_IN_A_URI, encodeURIComponent);
  // `return 302 /$args;` with the query `/evil.example` would otherwise name another host: `//evil.example`.
  return NAMES_ITS_ORIGIN.test(source) ? encoded : encoded.replace(/^\/{2,}/, '/');
}
