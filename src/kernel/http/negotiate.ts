/** Proactive negotiation (RFC 9110 §12.5): which of the server's offers a client accepts, and which it prefers. */

/** An item of Accept or Accept-Encoding. */
interface Preference {
  /** A media range, a content coding or `*`, in lower case. */
  readonly name: string;
  /** Names in lower case, values without quotes. The weight `q` is not among them. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The weight, 0 to 1. */
  readonly quality: number;
}

interface MediaType {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
}

interface MediaRange extends MediaType {
  readonly quality: number;
}

const QUALITY = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;
const MEDIA_RANGE = /^([!#$%&'*+.^_`|~\w-]+)\/([!#$%&'*+.^_`|~\w-]+)$/;

/** Splits at a separator outside of quoted strings (RFC 9110 §5.6.4) and removes the white space around it. */
function split(text: string, separator: ',' | ';'): string[] {
  if (!text.includes('"')) return text.split(separator).map((part) => part.trim());
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

/** @returns undefined for an item without a name or with an invalid weight: such an item is ignored */
function parsePreference(item: string): Preference | undefined {
  const [name = '', ...rest] = split(item, ';');
  if (name === '') return undefined;
  const parameters = new Map<string, string>();
  let quality = 1;
  for (const parameter of rest) {
    const [key = '', ...value] = parameter.split('=');
    const parameterName = key.trim().toLowerCase();
    const text = unquote(value.join('=').trim());
    if (parameterName === 'q') {
      if (!QUALITY.test(text)) return undefined;
      quality = Number(text);
      // RFC 9110 §12.5.1 has removed the extension parameters that could follow the weight.
      break;
    }
    if (parameterName !== '') parameters.set(parameterName, text);
  }
  return { name: name.toLowerCase(), parameters, quality };
}

function parsePreferences(field: string): readonly Preference[] {
  return split(field, ',')
    .map(parsePreference)
    .filter((preference) => preference !== undefined);
}

/**
 * The weight of the most specific preference; of equally specific ones, of the first.
 * @param specificity how closely a preference names the offer; 0 when it does not
 * @returns undefined when no preference names the offer
 */
function qualityOf<Item extends { readonly quality: number }>(
  preferences: readonly Item[],
  specificity: (preference: Item) => number,
): number | undefined {
  let closest = 0;
  let quality: number | undefined;
  for (const preference of preferences) {
    const close = specificity(preference);
    if (close > closest) {
      closest = close;
      quality = preference.quality;
    }
  }
  return quality;
}

function mediaRangeOf(preference: Preference | undefined): MediaRange | undefined {
  const match = MEDIA_RANGE.exec(preference?.name ?? '');
  if (match === null || preference === undefined) return undefined;
  const [, type = '', subtype = ''] = match;
  if (type === '*' && subtype !== '*') return undefined;
  return { type, subtype, parameters: preference.parameters, quality: preference.quality };
}

/** From any type to a type with parameters; each parameter adds one. */
function typeSpecificity(range: MediaType, offer: MediaType): number {
  if (range.type === '*') return 1;
  if (range.type !== offer.type) return 0;
  if (range.subtype === '*') return 2;
  if (range.subtype !== offer.subtype) return 0;
  let specificity = 3;
  for (const [name, value] of range.parameters) {
    // Every text this server offers is UTF-8: a charset distinguishes no two offers.
    if (name === 'charset') continue;
    if (offer.parameters.get(name)?.toLowerCase() !== value.toLowerCase()) return 0;
    specificity += 1;
  }
  return specificity;
}

/**
 * The media type the client prefers (RFC 9110 §12.5.1); of equally preferred ones, the one offered first.
 * @param accept the value of Accept; undefined, or without a valid media range, accepts every type
 * @param offers media types
 * @returns undefined when the client accepts none of them
 */
export function preferredType<Offer extends string>(
  accept: string | undefined,
  offers: readonly Offer[],
): Offer | undefined {
  if (accept === undefined) return offers[0];
  const ranges = parsePreferences(accept)
    .map(mediaRangeOf)
    .filter((range) => range !== undefined);
  if (ranges.length === 0) return offers[0];
  let best: Offer | undefined;
  let highest = 0;
  for (const offer of offers) {
    const type = mediaRangeOf(parsePreference(offer));
    if (type === undefined) throw new TypeError(`not a media type: ${offer}`);
    const quality = qualityOf(ranges, (range) => typeSpecificity(range, type)) ?? 0;
    if (quality > highest) {
      highest = quality;
      best = offer;
    }
  }
  return best;
}

/** A coding takes no parameters but its weight. RFC 9110 §8.4.1.3: x-gzip is gzip. */
function codingSpecificity({ name, parameters }: Preference, coding: string): number {
  if (parameters.size > 0) return 0;
  if (name === '*') return 1;
  return name === coding || (name === 'x-gzip' && coding === 'gzip') ? 2 : 0;
}

/**
 * The content codings the client accepts and prefers to the plain content (RFC 9110 §12.5.3), the most preferred first;
 * equally preferred ones in the order of the offers.
 * @param acceptEncoding the value of Accept-Encoding; undefined or empty accepts only the plain content
 * @param offers content codings by their registered names, in lower case, without identity
 */
export function acceptedCodings<Offer extends { readonly name: string }>(
  acceptEncoding: string | undefined,
  offers: readonly Offer[],
): readonly Offer[] {
  if (acceptEncoding === undefined) return [];
  const preferences = parsePreferences(acceptEncoding);
  const weightOf = (coding: string): number | undefined =>
    qualityOf(preferences, (preference) => codingSpecificity(preference, coding));
  // The field need not name identity to accept it. `*` stands for codings that save bytes, so that it is not preferred.
  const named = preferences.filter(({ name }) => name !== '*');
  const plain = qualityOf(named, (preference) => codingSpecificity(preference, 'identity')) ?? 0;
  return offers
    .map((offer) => ({ offer, weight: weightOf(offer.name) ?? 0 }))
    .filter(({ weight }) => weight > 0 && weight >= plain)
    .sort((one, other) => other.weight - one.weight)
    .map(({ offer }) => offer);
}
