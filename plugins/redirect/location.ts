/** A template that names its scheme or host itself; anything else is meant to stay on this server. */
const NAMES_ITS_ORIGIN = /^(?:[a-z][a-z0-9+.-]*:|\/\/|\$scheme\b|\$\{scheme\})/i;

/** What RFC 3986 §2 gives no meaning in a URI, and a percent sign that starts no escape. */
const NOT_IN_A_URI = /%(?![0-9a-f]{2})|[^\w\-.~:/?#[\]@!$&'()*+,;=%]+/gi;

/**
 * A redirect's target made safe for the `Location` field: whatever may not stand in a URI is percent-encoded, CR and
 * LF among it, escapes that are there are kept.
 * @param source the target as the configuration has it
 * @param target the same with its variables filled in
 */
export function locationValue(source: string, target: string): string {
  const encoded = target.toWellFormed().replace(NOT_IN_A_URI, encodeURIComponent);
  // `return 302 /$args;` and a query of `/evil.example` would name another host: `//evil.example`.
  return NAMES_ITS_ORIGIN.test(source) ? encoded : encoded.replace(/^\/{2,}/, '/');
}
