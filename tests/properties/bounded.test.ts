import { HttpError } from '@webserv/server';
import { describe, expect, it } from 'vitest';
import { FramedBody } from '../../src/kernel/http1/body-framing.js';
import { ChunkedDecoder } from '../../src/kernel/http1/chunked.js';
import { HeadParser } from '../../src/kernel/http1/parser.js';
import { LIMITS } from './reader.js';

/**
 * Pushes the same packet until the parser rejects it. @returns how many bytes it accepted, at most the limit of the
 * test
 */
function untilRefused(push: (packet: Buffer) => void, packet: string, most: number): number {
  let pushed = 0;
  try {
    for (; pushed < most; pushed += packet.length) push(Buffer.from(packet, 'latin1'));
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
  }
  return pushed;
}

describe('memory that a client can occupy is bounded', () => {
  it.each([
    ['a request line', 'GET /', 'a'],
    ['a query', 'GET /?', 'a'],
    ['escapes', 'GET /', '%41'],
    ['a field name', 'GET / HTTP/1.1\r\n', 'a'],
    ['a field value', 'GET / HTTP/1.1\r\nA: ', 'a'],
    ['white space before a value', 'GET / HTTP/1.1\r\nA:', ' '],
    ['fields', 'GET / HTTP/1.1\r\n', 'A: b\r\n'],
    ['fields that are dropped', 'GET / HTTP/1.1\r\n', 'A_: b\r\n'],
    ['a method', '', 'A'],
    ['empty lines', '', '\r\n'],
  ])('in the head: %s without end', (_, start, more) => {
    const parser = new HeadParser(LIMITS);
    if (start !== '') parser.push(Buffer.from(start, 'latin1'), 0);
    expect(untilRefused((packet) => parser.push(packet, 0), more.repeat(8), 1_000_000)).toBeLessThan(20_000);
  });

  it.each([
    ['a size', '', '0'],
    ['an extension', '1;', 'a'],
    ['a quoted extension', '1;a="', 'b'],
    ['white space', '1', ' '],
    ['a trailer', '0\r\nA: ', 'b'],
    ['trailers', '0\r\n', 'A: b\r\n'],
    ['extensions of many chunks', '', '1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n'],
  ])('in chunked coding: %s without end', (_, start, more) => {
    const decoder = new ChunkedDecoder();
    decoder.decode(Buffer.from(start, 'latin1'), 0);
    expect(untilRefused((packet) => decoder.decode(packet, 0), more, 1_000_000)).toBeLessThan(30_000);
  });

  it('in an unread body, even if it arrives byte by byte', () => {
    for (const size of [1, 10, 1000, 65_536]) {
      let isFull = false;
      const full = () => {
        isFull = true;
      };
      const body = new FramedBody({ kind: 'length', length: 2 ** 40 }, { wanted: () => {}, full });
      let pieces = 0;
      for (; !isFull; pieces += 1) body.push(Buffer.alloc(size), 0);
      expect(pieces).toBeLessThan(2_000);
      expect(pieces * size).toBeLessThan(400_000);
    }
  });
});
