import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { readAnswers } from '../wire/answers.js';
import { WireClient } from '../wire/client.js';
import { cut, cuts } from '../wire/packets.js';
import { conversation, mutated, rubbish, wellFormed } from '../wire/requests.js';
import { startRecording } from '../wire/talk.js';
import { read } from './reader.js';

const everyByte = (text: string) => [...text].map((byte) => Buffer.from(byte, 'latin1'));

describe('any split of the bytes into packets gives the same response', () => {
  it('at any places', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(conversation, rubbish), cuts, async (text, places) => {
        assert.deepEqual(await read(cut(text, places)), await read(cut(text, [])));
      }),
      { numRuns: 2_000 },
    );
  });

  it('at every byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(conversation, rubbish), async (text) => {
        assert.deepEqual(await read(everyByte(text)), await read(cut(text, [])));
      }),
      { numRuns: 1_000 },
    );
  });

  it('also at the limits', async () => {
    const limits = fc.record({
      requestLine: fc.integer({ min: 10, max: 60 }),
      head: fc.integer({ min: 20, max: 200 }),
      fieldCount: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(conversation, mutated, rubbish),
        cuts,
        limits,
        async (text, places, bounds) => {
          const whole = await read(cut(text, []), bounds);
          assert.deepEqual(await read(cut(text, places), bounds), whole);
          assert.deepEqual(await read(everyByte(text), bounds), whole);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('parses well-formed requests', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wellFormed, { minLength: 1, maxLength: 4 }), async (messages) => {
        const { requests, refusal, incomplete } = await read(cut(messages.join(''), []));
        assert.equal(refusal, undefined);
        assert.equal(incomplete, false);
        assert.equal(requests.length, messages.length);
        assert.ok(requests.every(({ content }) => content !== undefined));
      }),
      { numRuns: 500 },
    );
  });

  it('over a live connection', async () => {
    await using recording = await startRecording('client_max_body_size 0;');
    const respond = async (packets: readonly Buffer[]) => {
      await using client = await WireClient.connect(recording.server.port);
      const before = recording.requests.length;
      for (const packet of packets) {
        await client.send(packet);
        await new Promise((resolve) => setImmediate(resolve));
      }
      client.end();
      const text = await client.untilEnd();
      const executed = recording.requests.slice(before);
      const responses = readAnswers(text).map(({ status, content }) => ({ status, content }));
      return { executed, responses };
    };
    // Responses to HEAD can only be parsed with the requested methods.
    const talk = fc.oneof(conversation, rubbish).filter((text) => !text.includes('HEAD'));
    await fc.assert(
      fc.asyncProperty(talk, cuts, async (text, places) => {
        assert.deepEqual(await respond(cut(text, places)), await respond(cut(text, [])));
      }),
      { numRuns: 150 },
    );
  });
});
