import type { Encoding } from './encodings.js';

/** What a client says of the content codings it takes (RFC 9110 §12.5.3): name → weight from 0 to 1. */
type Weights = ReadonlyMap<string, number>;

const ITEM = /^\s*([!#$%&'*+.^_`|~0-9a-z-]+)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$/;

/** Items that break the grammar say nothing; of two for one coding the first counts. */
function weightsOf(field: string): Weights {
  const weights = new Map<string, number>();
  for (const item of field.toLowerCase().split(',')) {
    const [, name = '', q = '1'] = ITEM.exec(item) ?? [];
    // RFC 9110 §8.4.1.3: x-gzip is gzip.
    const coding = name === 'x-gzip' ? 'gzip' : name;
    if (coding !== '' && !weights.has(coding)) weights.set(coding, Number(q));
  }
  return weights;
}

/**
 * The codings a client takes rather than the content as it is, the best first: by its weights, and where they are equal
 * in the server's order.
 * @param field the value of Accept-Encoding; absent or empty, only the content as it is is wanted
 */
export function acceptedEncodings(
  field: string | undefined,
  offered: readonly Encoding[],
): readonly Encoding[] {
  if (field === undefined || field.trim() === '') return [];
  const weights = weightsOf(field);
  const rest = weights.get('*');
  const asItIs = weights.get('identity') ?? 0;
  return offered
    .map((encoding) => ({ encoding, weight: weights.get(encoding.name) ?? rest ?? 0 }))
    .filter(({ weight }) => weight > 0 && weight >= asItIs)
    .sort((one, other) => other.weight - one.weight)
    .map(({ encoding }) => encoding);
}
