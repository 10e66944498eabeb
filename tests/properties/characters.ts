import fc from 'fast-check';

/**
 * Any character of Unicode, as `unit` of `fc.string`. fast-check's own `unit: 'binary'` and `fc.webPath` give the same
 * characters, but first make a table of all of them, which takes 2 s and 100 MB in each process.
 */
export const character = fc
  .integer({ min: 0, max: 0x10_ffff })
  .filter((point) => point < 0xd800 || point > 0xdfff)
  .map((point) => String.fromCodePoint(point));
