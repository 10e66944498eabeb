import type { Random } from './random.js';

/** Byte sequences that often break parsers: inserted at any position. */
const TOKENS = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '"',
  '%',
  '%00',
  '%2e%2e%2f',
  '../',
  '//',
  '\\',
  '#',
  '?',
  '\x7f',
  '\x80',
  '\xff',
  '\x1b[31m',
  '0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '-1',
  '+1',
  '0x10',
  '18446744073709551616',
  'Content-Length: 5\r\n',
  'Content-Length: 4294967296\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding:\x0bchunked\r\n',
  'Host: b\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, upgrade\r\n',
  'Expect: 100-continue\r\n',
  'Expect: the-unexpected\r\n',
  'Range: bytes=0-,-1,5-4,0-0\r\n',
  'X: y\r\n Folded: z\r\n',
  '__proto__: x\r\n',
  'GET /echo?smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /files/ HTTP/1.1\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'HTTP/1.0',
  'HTTP/9.9',
] as const;

type Mutation = (text: string, random: Random) => string;

const at = (text: string, random: Random): number => random.below(text.length + 1);

function slice(text: string, random: Random): string {
  const start = at(text, random);
  return text.slice(start, start + 1 + random.small(400));
}

function put(text: string, position: number, removed: number, added: string): string {
  return text.slice(0, position) + added + text.slice(position + removed);
}

const mutations: readonly [Mutation, ...Mutation[]] = [
  function flipBit(text, random) {
    const position = random.below(Math.max(1, text.length));
    const byte = text.charCodeAt(position) || 0;
    return put(text, position, 1, String.fromCharCode(byte ^ (1 << random.below(8))));
  },
  (text, random) => put(text, at(text, random), 1, String.fromCharCode(random.below(256))),
  (text, random) => put(text, at(text, random), 0, random.pick(TOKENS)),
  (text, random) => put(text, at(text, random), random.small(20), random.pick(TOKENS)),
  function insertBeforeLine(text, random) {
    return put(text, lineStart(text, random), 0, random.pick(TOKENS));
  },
  function removeSlice(text, random) {
    return put(text, at(text, random), 1 + random.small(60), '');
  },
  function duplicateSlice(text, random) {
    return put(text, at(text, random), 0, slice(text, random));
  },
  function repeatSlice(text, random) {
    return put(text, at(text, random), 0, slice(text, random).slice(0, 50).repeat(random.small(500)));
  },
  function duplicateLine(text, random) {
    const start = lineStart(text, random);
    const end = text.indexOf('\r\n', start);
    return end === -1 ? text : put(text, lineStart(text, random), 0, text.slice(start, end + 2));
  },
  function changeNumber(text, random) {
    const numbers = [...text.matchAll(/[0-9a-f]+(?=\r\n)/g)];
    const number = numbers[random.below(Math.max(1, numbers.length))];
    if (number === undefined) return text;
    const value = Number.parseInt(number[0], 16) || 0;
    const changed = random.pick([
      String(value + 1),
      String(value - 1),
      `0${number[0]}`,
      `${number[0]}0`,
      `${number[0]} `,
      `${number[0]}, ${number[0]}`,
      '99999999999999999999',
      '',
    ]);
    return put(text, number.index, number[0].length, changed);
  },
  function truncate(text, random) {
    return text.slice(0, at(text, random));
  },
  function breakLineEnds(text, random) {
    return text.replaceAll('\r\n', random.pick(['\n', '\r', '\r\r\n', '\n\r']));
  },
  function spliceEnds(text, random) {
    return text.slice(0, at(text, random)) + text.slice(at(text, random));
  },
];

function lineStart(text: string, random: Random): number {
  const end = text.indexOf('\r\n', at(text, random));
  return end === -1 ? 0 : end + 2;
}

/** Applies a few changes to valid bytes. One character per byte. */
export function mutate(valid: string, random: Random): string {
  let text = valid;
  for (let count = 1 + random.small(8); count > 0; count -= 1) text = random.pick(mutations)(text, random);
  return text;
}
