import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswers } from '../wire/answers.js';
import { WireClient } from '../wire/client.js';
import { cut, cuts } from '../wire/packets.js';
import { conversation, mutated, rubbish } from '../wire/requests.js';
import { SECOND, startRecording } from '../wire/talk.js';
import { read } from './reader.js';

const refusals = new Set([400, 414, 417, 421, 426, 431, 501, 505]);

const anything = fc.oneof(rubbish, mutated, conversation);

describe('any bytes lead to a response or a close', () => {
  it('never an exception', async () => {
    await fc.assert(
      fc.asyncProperty(anything, cuts, async (text, places) => {
        const { refusal } = await read(cut(text, places)); // throws any exception that is not a rejection
        if (refusal !== undefined) assert.ok(refusals.has(refusal.status));
      }),
      { numRuns: 4_000 },
    );
  });

  it('never a hang, a second response or a request that was not sent', async () => {
    await using recording = await startRecording('client_max_body_size 0;');
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        if (text.includes('HEAD')) return; // responses to HEAD can only be parsed with the requested methods
        const { requests, refusal, incomplete } = await read(cut(text, []));
        await using client = await WireClient.connect(recording.server.port);
        const before = recording.requests.length;
        await client.send(Buffer.from(text, 'latin1'));
        client.end();
        const responses = readAnswers(await client.untilEnd()); // throws if the bytes are not responses

        // The server may respond to an incomplete request early, if its method alone decides.
        const closing = requests.findIndex(({ keepAlive }) => !keepAlive);
        const whole = closing === -1 ? requests : requests.slice(0, closing + 1);
        const refused = closing === -1 && refusal !== undefined && !incomplete ? 1 : 0;
        assert.ok(responses.length <= whole.length + refused);
        assert.ok(responses.length >= whole.filter(({ content }) => content !== undefined).length);

        const usual = new Set(['GET', 'POST', 'PUT', 'DELETE', 'PATCH']);
        const expected = whole.filter(({ method, content }) => usual.has(method) && content !== undefined);
        const executed = recording.requests.slice(before);
        assert.deepEqual(
          executed.map(({ method, target, content }) => ({ method, target, content })),
          expected.map(({ method, target, content }) => ({ method, target, content })),
        );
      }),
      { numRuns: 200 },
    );
    expect(readAnswers(await recording.server.raw(SECOND)).map(({ status }) => status)).toEqual([200]);
    expect(recording.server.log.filter((line) => /\berror\b/i.test(line))).toEqual([]);
  });
});
