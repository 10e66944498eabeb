import {
  argument,
  block,
  definePlugin,
  duration,
  flag,
  integer,
  list,
  map,
  namedBlocks,
  oneOf,
  size,
} from '@webserv/server';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { effectiveConfig } from '../../src/inspect/effective.js';
import { configSchema } from '../../src/inspect/json-schema.js';
import { printConfig } from '../../src/inspect/print.js';
import { referenceOf } from '../../src/inspect/reference.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';

const limiter = definePlugin({
  name: 'limiter',
  directives: {
    limit: block({
      default: undefined,
      help: 'bounds requests',
      example: 'limit { rate 10; }',
      directives: {
        rate: integer({ default: 1, min: 1, max: 100, help: 'a second' }),
        status: oneOf(['429', '503'], { default: '429', help: 'what others get' }),
        header: map(argument.text, { default: new Map(), help: 'fields sent along' }),
        burst: block({
          default: undefined,
          help: 'what may come at once',
          directives: {
            size: size({ default: 0, help: 'how many' }),
            wait: flag({ default: false, help: 'queue' }),
          },
        }),
      },
    }),
    zone: namedBlocks({
      in: ['main', 'server', 'location'],
      inherit: 'merge',
      default: new Map(),
      help: 'a store of counts',
      key: argument.word('NAME', /^[a-z]+$/, 'a name in lower case'),
      directives: {
        ttl: duration({ default: 60_000, help: 'how long' }),
        by: list(argument.text, { default: ['address'], help: 'what is counted' }),
      },
    }),
  },
});

async function load(text: string, file = 'test.conf') {
  return loadConfigText(text, { file, base: '/srv', builtins: [limiter], environment: {} });
}

const CONF = `
zone one { ttl 5s; by address path; }
server {
    listen 80;
    limit { rate 5; header a b; header c d; burst { size 3k; wait on; } }
    location /a { zone two { } }
    location /b { limit { } }
}`;

const YAML = `
zone: { one: { ttl: 5s, by: [address, path] } }
server:
  listen: 80
  limit:
    rate: 5
    header: { a: b, c: d }
    burst: { size: 3k, wait: true }
  location:
    /a: { zone: { two: {} } }
    /b: { limit: {} }
`;

const MEANING = {
  server: {
    limit: {
      rate: 5,
      status: '429',
      header: new Map([
        ['a', 'b'],
        ['c', 'd'],
      ]),
      burst: { size: 3072, wait: true },
    },
    zone: new Map([['one', { ttl: 5000, by: ['address', 'path'] }]]),
  },
  a: new Map([
    ['one', { ttl: 5000, by: ['address', 'path'] }],
    ['two', { ttl: 60_000, by: ['address'] }],
  ]),
  b: { rate: 1, status: '429', header: new Map(), burst: undefined },
};

async function meaning(text: string, file?: string) {
  const { config, diagnostics } = await load(text, file);
  expect(diagnostics).toEqual([]);
  const [server] = config?.servers ?? [];
  const [a, b] = server?.route.children ?? [];
  return {
    server: server?.route.options.get('limiter'),
    a: a?.options.get('limiter')?.zone,
    b: b?.options.get('limiter')?.limit,
  };
}

describe("a plugin's block", () => {
  it('is read and inherited', async () => expect(await meaning(CONF)).toEqual(MEANING));

  it('means the same in YAML', async () => expect(await meaning(YAML, 'test.yaml')).toEqual(MEANING));

  it('is printed so that it is read back the same', async () => {
    const { config, source } = await load(CONF);
    if (config === undefined || source === undefined) throw new Error('not loaded');
    expect(await meaning(printConfig(effectiveConfig(config, source), 'x'))).toEqual(MEANING);
  });

  it('is in the JSON Schema, with what may stand in it', () => {
    const validate = new Ajv({ strict: false }).compile(configSchema([limiter]));
    const accepts = (limit: unknown): boolean => validate({ server: { listen: 80, limit } });
    expect(accepts({ rate: 5, header: { a: 'b' }, burst: { size: '3k' } })).toBe(true);
    for (const wrong of [{ rote: 5 }, { rate: 'x' }, { burst: { speed: 1 } }, 5])
      expect(accepts(wrong)).toBe(false);
    expect(validate({ server: { listen: 80 }, zone: { one: { ttl: 5 } } })).toBe(true);
    expect(validate({ server: { listen: 80 }, zone: { One: {} } })).toBe(false);
  });

  it('is in the reference', () => {
    const text = referenceOf([limiter]);
    expect(text).toContain('#### `limit { … }`');
    expect(text).toContain('- `rate N`: a second. Default: `1`.'.replace('N`', 'N;`'));
    expect(text).toContain('  - `wait on|off;`: queue. Default: `off`.');
  });
});

const wrong: readonly [text: string, code: string, message: string, hint: string | undefined][] = [
  ['limit { rote 5; }', 'unknown-directive', 'unknown directive "rote" in limit', 'did you mean "rate"?'],
  ['limit { rate; }', 'argument-count', '"rate" takes one argument, got 0', 'usage: rate N;'],
  [
    'limit { rate 0; }',
    'wrong-argument',
    '"rate": expected a whole number from 1 to 100, got "0"',
    undefined,
  ],
  ['limit { rate 1; rate 2; }', 'duplicate-directive', '"rate" may be used only once in a block', undefined],
  ['limit { burst 5; }', 'missing-block', '"burst" needs a block', 'usage: burst { … }'],
  ['limit { rate { } }', 'argument-count', '"rate" takes one argument, got 0', 'usage: rate N;'],
  [
    'limit { burst { sise 5; } }',
    'unknown-directive',
    'unknown directive "sise" in burst',
    'did you mean "size"?',
  ],
  ['limit;', 'missing-block', '"limit" needs a block', 'usage: limit { … }'],
  ['zone { }', 'argument-count', '"zone" takes one argument, got 0', 'usage: zone NAME { … }'],
  ['zone A { }', 'wrong-argument', '"zone": expected a name in lower case, got "A"', undefined],
];

describe('a mistake in it is told', () => {
  it.each(wrong)('%s', async (text, code, message, hint) => {
    const { diagnostics } = await load(`server { listen 80; ${text} }`);
    expect(diagnostics[0]).toMatchObject({ code, message, ...(hint === undefined ? {} : { hint }) });
  });

  it('in YAML with its place', async () => {
    const { diagnostics } = await load('server:\n  listen: 80\n  limit:\n    rote: 5\n', 'a.yaml');
    expect(diagnostics).toMatchObject([
      {
        code: 'unknown-directive',
        message: 'unknown directive "rote" in limit',
        place: { line: 4, column: 5 },
      },
    ]);
  });
});
