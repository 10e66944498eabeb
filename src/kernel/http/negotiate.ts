/** Proactive negotiation of the content's type, RFC 9110 §12.5.1. */

interface MediaType {
  readonly type: string;
  readonly subtype: string;
  /** Lower-case names; values without quotes. `q` is not among them. */
  readonly parameters: ReadonlyMap<string, string>;
}

interface MediaRange extends MediaType {
  /** 0 to 1. */
  readonly quality: number;
}

const QUALITY = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** Splits at a separator that does not stand in a quoted string (RFC 9110 §5.6.4), white space around it removed. */
function split(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (quoted && char === '\\') index += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}

/** @returns undefined for what is no media type or range, or has a broken weight: it is passed over */
function parseMediaRange(text: string): MediaRange | undefined {
  const [name = '', ...rest] = split(text, ';');
  const match = /^([!#$%&'*+.^_`|~\w-]+)\/([!#$%&'*+.^_`|~\w-]+)$/.exec(name.toLowerCase());
  if (match === null) return undefined;
  const [, type = '', subtype = ''] = match;
  if (type === '*' && subtype !== '*') return undefined;
  const parameters = new Map<string, string>();
  let quality = 1;
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    const key = (equals === -1 ? parameter : parameter.slice(0, equals)).toLowerCase();
    const value = equals === -1 ? '' : unquote(parameter.slice(equals + 1));
    if (key === 'q') {
      if (!QUALITY.test(value)) return undefined;
      quality = Number(value);
      // What follows the weight was an extension that nobody used (RFC 9110 §12.5.1).
      break;
    }
    // Every answer here is UTF-8, so that a wish for a charset tells no two offers apart.
    if (key !== '' && key !== 'charset') parameters.set(key, value);
  }
  return { type, subtype, parameters, quality };
}

/** How closely a range names an offer; 0 when it does not: any, any of a type, the type, each parameter more. */
function specificity(range: MediaRange, offer: MediaType): number {
  if (range.type === '*') return 1;
  if (range.type !== offer.type) return 0;
  if (range.subtype === '*') return 2;
  if (range.subtype !== offer.subtype) return 0;
  for (const [name, value] of range.parameters) {
    if (offer.parameters.get(name)?.toLowerCase() !== value.toLowerCase()) return 0;
  }
  return 3 + range.parameters.size;
}

/** The quality that the most specific range gives to an offer. */
function qualityOf(offer: MediaType, ranges: readonly MediaRange[]): number {
  let closest = 0;
  let quality = 0;
  for (const range of ranges) {
    const close = specificity(range, offer);
    if (close > closest) {
      closest = close;
      quality = range.quality;
    }
  }
  return quality;
}

/**
 * The offered type a client likes best; of those it likes the same, the one offered first.
 * @param accept the Accept field; undefined, or without any valid range, accepts everything
 * @param offers media types
 * @returns undefined when it accepts none of them
 */
export function preferredType<Offer extends string>(
  accept: string | undefined,
  offers: readonly Offer[],
): Offer | undefined {
  if (accept === undefined) return offers[0];
  const ranges = split(accept, ',')
    .map(parseMediaRange)
    .filter((range) => range !== undefined);
  if (ranges.length === 0) return offers[0];
  let best: Offer | undefined;
  let highest = 0;
  for (const offer of offers) {
    const type = parseMediaRange(offer);
    if (type === undefined) throw new TypeError(`not a media type: ${offer}`);
    const quality = qualityOf(type, ranges);
    if (quality > highest) {
      highest = quality;
      best = offer;
    }
  }
  return best;
}
