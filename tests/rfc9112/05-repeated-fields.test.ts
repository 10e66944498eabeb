import { describe, expect, it } from 'vitest';
import { FieldLines } from '../../src/kernel/http/fields.js';
import { HeadParser, type RequestHead } from '../../src/kernel/http1/parser.js';

const LIMITS = { requestLine: 100, head: 4096, fieldCount: 50 };
const FIELDS = 'Host: a\r\nAccept: text/html\r\nX_Y: dropped\r\nCookie: a=1\r\n\r\n';

/** Parses heads that follow each other, in packets of the given size. */
function read(text: string, packet = text.length, limits = LIMITS): readonly RequestHead[] {
  const parser = new HeadParser(limits);
  const heads: RequestHead[] = [];
  for (let from = 0; from < text.length; from += packet) {
    const bytes = Buffer.from(text.slice(from, from + packet), 'latin1');
    for (let at = 0; at < bytes.length; ) {
      const head = parser.push(bytes, at);
      if (head === undefined) break;
      heads.push(head);
      at += parser.consumed;
    }
  }
  return heads;
}

const lines = ({ fields }: RequestHead) => [...fields];

/** Identical field lines are not parsed again; no difference may be visible. */
describe('field lines identical to those of the previous head', () => {
  it('are the same object, with any request line', () => {
    const heads = read(
      `GET /a HTTP/1.1\r\n${FIELDS}POST /longer?query HTTP/1.1\r\n${FIELDS}GET / HTTP/1.0\r\n${FIELDS}`,
    );
    expect(heads.map(({ method, target, version }) => [method, target, version])).toEqual([
      ['GET', '/a', '1.1'],
      ['POST', '/longer?query', '1.1'],
      ['GET', '/', '1.0'],
    ]);
    expect(new Set(heads.map(({ fields }) => fields)).size).toBe(1);
    expect(heads[2] && lines(heads[2])).toEqual([
      ['host', 'a'],
      ['accept', 'text/html'],
      ['cookie', 'a=1'],
    ]);
  });

  it('are parsed again if a single byte differs, at any position', () => {
    for (let at = 0; at < FIELDS.length; at += 1) {
      if (!/[a-z0-9]/.test(FIELDS[at] ?? '')) continue;
      const other = `${FIELDS.slice(0, at)}Z${FIELDS.slice(at + 1)}`;
      const [first, second] = read(`GET / HTTP/1.1\r\n${FIELDS}GET / HTTP/1.1\r\n${other}`);
      const [alone] = read(`GET / HTTP/1.1\r\n${other}`);
      expect(second?.fields).not.toBe(first?.fields);
      expect(second && lines(second)).toEqual(alone && lines(alone));
    }
  });

  it('are distinguished from longer and shorter sections', () => {
    const more = FIELDS.replace('\r\n\r\n', '\r\nX: 1\r\n\r\n');
    const less = 'Host: a\r\n\r\n';
    const heads = read(`GET / HTTP/1.1\r\n${FIELDS}GET / HTTP/1.1\r\n${more}GET / HTTP/1.1\r\n${less}`);
    expect(heads.map(({ fields }) => fields.size)).toEqual([3, 4, 1]);
  });

  it('may come in packets of any size', () => {
    const text = `GET /a HTTP/1.1\r\n${FIELDS}`.repeat(3);
    const whole = read(text).map(lines);
    for (let packet = 1; packet < text.length; packet += 1)
      expect(read(text, packet).map(lines)).toEqual(whole);
  });

  it('count towards the limit of the head together with a longer request line', () => {
    const limits = { ...LIMITS, head: 20 + FIELDS.length };
    const short = `GET /a HTTP/1.1\r\n${FIELDS}`;
    expect(read(short.repeat(2), short.length * 2, limits)).toHaveLength(2);
    expect(() => read(`${short}GET /${'a'.repeat(30)} HTTP/1.1\r\n${FIELDS}`, 500, limits)).toThrow(
      /too large/,
    );
  });

  it('are not cached if they are long', () => {
    const long = FIELDS.replace('a=1', 'a'.repeat(2100));
    const [first, second] = read(`GET / HTTP/1.1\r\n${long}GET / HTTP/1.1\r\n${long}`);
    expect(second?.fields).not.toBe(first?.fields);
    expect(second?.fields).toBeInstanceOf(FieldLines);
  });
});
