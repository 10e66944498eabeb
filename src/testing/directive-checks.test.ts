import { definePlugin, flag, integer } from '@webserv/server';
import { describe, expect, it } from 'vitest';
import { type DirectiveCases, directiveChecks } from './index.js';

const limiter = definePlugin({
  name: 'limiter',
  directives: {
    limit: integer({ min: 1, max: 1000, default: 10, help: 'how many', example: 'limit 3;' }),
    strict: flag({ default: false, help: 'no exceptions' }),
  },
  codes: { 'limit-too-high': 'more than allowed', 'limit-odd': 'an odd number' },
  apply({ options, warn, refuse, placeOf }) {
    const place = placeOf('limit');
    if (options.limit > 100)
      refuse({ code: 'limit-too-high', message: 'too high', hint: 'at most 100', place });
    if (options.limit % 2 === 1) warn({ code: 'limit-odd', message: 'odd', place });
  },
});

const run = (cases: DirectiveCases): Promise<unknown> =>
  Promise.all(directiveChecks(limiter, cases).map((check) => check.run()));

describe('directiveChecks', () => {
  for (const { name, run: test } of directiveChecks(limiter, {
    valid: [
      'limit 4;',
      { conf: 'limit 4;\nlocation /a {\n limit 7; strict on; }', options: { limit: 7, strict: true } },
      { conf: '', options: { limit: 10, strict: false }, warnings: [] },
      { conf: '\nlimit 3;', warnings: [{ code: 'limit-odd', message: 'odd', line: 2, column: 1 }] },
    ],
    invalid: [
      { conf: 'limit;', errors: [/"limit"/] },
      { conf: 'limit 0;', errors: [{ code: 'wrong-argument', line: 1, column: 7 }] },
      { conf: 'limit 200;', errors: ['too high'] },
      { conf: 'limit 200;', errors: [{ code: 'limit-too-high', hint: 'at most 100' }] },
      { conf: 'limit x;\nstrict maybe;', errors: [{ line: 1 }, { line: 2, message: /"strict"/ }] },
      { conf: 'server { listen 127.0.0.1:0;\nlimit 0; }', errors: [{ line: 2 }] },
    ],
  })) {
    it(name, test);
  }

  it.each<[string, DirectiveCases, RegExp]>([
    ['a rejected configuration', { valid: ['limit 0;'] }, /it is rejected:[\s\S]*limit 0;/],
    ['another value', { valid: [{ conf: 'limit 2;', options: { limit: 3 } }] }, /"limit" has another value/],
    ['an unknown directive', { valid: [{ conf: '', options: { limits: 3 } }] }, /no directive "limits"/],
    [
      'an unexpected warning',
      { valid: [{ conf: 'limit 3;', warnings: [] }] },
      /expected 0 diagnostics \(warning\), found 1/,
    ],
    [
      'a missing warning',
      { valid: [{ conf: 'limit 2;', warnings: ['odd'] }] },
      /expected 1 diagnostics \(warning\), found 0/,
    ],
    ['an accepted configuration', { invalid: [{ conf: 'limit 2;', errors: ['x'] }] }, /it is accepted/],
    ['another message', { invalid: [{ conf: 'limit 200;', errors: ['high'] }] }, /the message is not high/],
    ['another code', { invalid: [{ conf: 'limit 200;', errors: [{ code: 'x' }] }] }, /the code is not x/],
    ['another hint', { invalid: [{ conf: 'limit 200;', errors: [{ hint: /x/ }] }] }, /the hint is not/],
    ['another line', { invalid: [{ conf: 'limit 200;', errors: [{ line: 2 }] }] }, /the line is not 2/],
    ['another column', { invalid: [{ conf: 'limit 200;', errors: [{ column: 9 }] }] }, /the column is not 9/],
    [
      'one error of two',
      { invalid: [{ conf: 'limit x; strict x;', errors: [/./] }] },
      /expected 1 diagnostics \(error\), found 2/,
    ],
  ])('fails for %s', async (_what, cases, message) => {
    await expect(run(cases)).rejects.toThrow(message);
  });
});
