import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IllegalFieldError } from '../../src/kernel/http/field-rules.js';
import { toWire } from '../../src/kernel/http1/writer.js';
import { readAnswers } from '../wire/answers.js';
import { cut } from '../wire/packets.js';
import { conversation, mutated } from '../wire/requests.js';
import { character } from './characters.js';
import { type ReadRequest, read } from './reader.js';

/** Serialises a request in its plainest form. The target stays as received: it must not be decoded on the way. */
function written({ method, target, version, fields, content = '' }: ReadRequest): string {
  const isFraming = (name: string) => name === 'content-length' || name === 'transfer-encoding';
  const lines = fields.filter(([name]) => !isFraming(name)).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = content === '' ? '' : `content-length: ${content.length}\r\n`;
  return `${method} ${target} HTTP/${version}\r\n${lines.join('')}${length}\r\n${content}`;
}

/** A request without its framing, which belongs to the hop. */
function meaning(request: ReadRequest): ReadRequest {
  const fields = request.fields.filter(([name]) => name !== 'content-length' && name !== 'transfer-encoding');
  return { ...request, fields };
}

describe('any accepted request keeps its meaning when it is serialised again', () => {
  it('singly and pipelined', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, conversation), async (text) => {
        const first = await read(cut(text, []));
        const whole = first.requests.filter(({ content }) => content !== undefined);
        accepted += whole.length;
        const again = await read(cut(whole.map(written).join(''), []));
        assert.equal(again.refusal, undefined);
        assert.equal(again.incomplete, false);
        assert.deepEqual(again.requests.map(meaning), whole.map(meaning));
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(1_000); // otherwise the assertion would check nothing
  });

  it('never writes a response that parses as another, with any fields a plugin gives', () => {
    const piece = fc.oneof(
      fc.string({ unit: character, maxLength: 5 }),
      fc.constantFrom(
        '\r\n',
        '\r\n\r\n',
        'HTTP/1.1 200 OK',
        ': ',
        'Content-Length: 0',
        '\n',
        '\r',
        '\0',
        '\u010a',
        'x-a',
        '\xe9',
      ),
    );
    const words = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
    const headers = fc.dictionary(fc.oneof(words, fc.constantFrom('x-a', 'etag', 'allow')), words, {
      maxKeys: 4,
      noNullPrototype: true,
    });
    const known = new Set([
      'server',
      'date',
      'content-length',
      'connection',
      'transfer-encoding',
      'keep-alive',
    ]);
    let written = 0;
    fc.assert(
      fc.property(headers, fc.string({ maxLength: 20 }), (given, body) => {
        const delivery = { method: 'GET', version: '1.1', keepAlive: true, date: 'now' } as const;
        let head: Buffer;
        try {
          head = toWire({ status: 200, headers: given, body }, delivery).head;
        } catch (error) {
          assert.ok(error instanceof IllegalFieldError);
          return;
        }
        written += 1;
        const bytes = Buffer.from(body).toString('latin1');
        const [response, ...more] = readAnswers(head.toString('latin1') + bytes);
        assert.deepEqual(more, []);
        assert.equal(response?.content, bytes);
        const sent = [...response.fields.keys()].filter((name) => !known.has(name));
        const names = Object.keys(given).map((name) => name.toLowerCase());
        const expected = new Set(names.filter((name) => !known.has(name)));
        assert.deepEqual(sent.sort(), [...expected].sort());
      }),
      { numRuns: 2_000 },
    );
    expect(written).toBeGreaterThan(100);
  });
});
