import fc from 'fast-check';

/** Positions at which to split a text into packets, as fractions of its length. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

/** @returns new buffers each time, because a decoder may work in place */
export function cut(text: string, places: readonly number[]): readonly Buffer[] {
  const positions = [...new Set(places.map((place) => Math.round(place * text.length)))].sort(
    (a, b) => a - b,
  );
  const packets: Buffer[] = [];
  let start = 0;
  for (const end of [...positions, text.length]) {
    if (end > start) packets.push(Buffer.from(text.slice(start, end), 'latin1'));
    start = Math.max(start, end);
  }
  return packets;
}
