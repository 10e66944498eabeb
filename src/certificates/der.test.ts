import { describe, expect, it } from 'vitest';
import {
  bitFlags,
  bitString,
  elementsIn,
  implicit,
  objectIdentifier,
  octetString,
  sequence,
  set,
  TRUE,
  tagged,
  time,
  unsigned,
  utf8String,
} from './der.js';

const at = (text: string) => time(new Date(text));

describe('an element in DER', () => {
  it.each([
    ['zero', unsigned(Buffer.of(0)), '020100'],
    ['no byte as zero', unsigned(Buffer.of()), '020100'],
    ['127', unsigned(Buffer.of(127)), '02017f'],
    ['128, which is not negative', unsigned(Buffer.of(128)), '02020080'],
    ['a number without zeros in front', unsigned(Buffer.of(0, 0, 1, 0)), '02020100'],
    ['true', TRUE, '0101ff'],
    ['digitalSignature', bitFlags(0), '03020780'],
    ['keyCertSign and cRLSign', bitFlags(5, 6), '03020106'],
    ['bits', bitString(Buffer.of(0xa5)), '030200a5'],
    ['octets', octetString(Buffer.of(1, 2)), '04020102'],
    ['ecdsa-with-SHA256', objectIdentifier('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
    ['serverAuth', objectIdentifier('1.3.6.1.5.5.7.3.1'), '06082b06010505070301'],
    ['an arc of joint-iso-itu-t', objectIdentifier('2.999.3'), '0603883703'],
    ['text', utf8String('é'), '0c02c3a9'],
    ['an empty sequence', sequence(), '3000'],
    ['a set', set(TRUE), '31030101ff'],
    ['an explicit tag', tagged(3, TRUE), 'a3030101ff'],
    ['an implicit tag', implicit(2, Buffer.from('a')), '820161'],
    [
      'the last second with two digits of the year',
      at('2049-12-31T23:59:59Z'),
      '170d3439313233313233353935395a',
    ],
    ['the first second with four', at('2050-01-01T00:00:00Z'), '180f32303530303130313030303030305a'],
    ['the first year with two digits', at('1950-01-01T00:00:00.999Z'), '170d3530303130313030303030305a'],
    ['a year before it', at('1949-12-31T00:00:00Z'), '180f31393439313233313030303030305a'],
  ])('%s', (_, element, hexadecimal) => {
    expect(element.toString('hex')).toBe(hexadecimal);
  });

  it.each([
    [127, '7f'],
    [128, '8180'],
    [255, '81ff'],
    [256, '820100'],
    [65_536, '83010000'],
  ])('of %d bytes has the shortest length', (length, octets) => {
    const element = octetString(Buffer.alloc(length));
    expect(element.subarray(1, -length).toString('hex')).toBe(octets);
    expect(elementsIn(element)[0]?.contents.length).toBe(length);
  });
});

describe('reading', () => {
  it('returns the elements with their tags', () => {
    const bytes = sequence(TRUE, octetString(Buffer.of(7)));
    const [outer] = elementsIn(bytes);
    expect(outer?.whole).toEqual(bytes);
    expect(elementsIn(outer?.contents ?? Buffer.of()).map(({ tag }) => tag)).toEqual([1, 4]);
    expect(elementsIn(Buffer.of())).toEqual([]);
  });

  it.each([
    ['a tag alone', '30'],
    ['fewer bytes than the length', '300201'],
    ['the indefinite length', '30800000'],
    ['a length of 7 octets', '308700000000000001ff'],
    ['length octets that are cut', '3082ff'],
    ['a long tag', '1f010100'],
  ])('rejects %s', (_, hexadecimal) => {
    expect(() => elementsIn(Buffer.from(hexadecimal, 'hex'))).toThrow(RangeError);
  });
});
