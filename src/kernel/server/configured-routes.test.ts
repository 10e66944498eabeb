import { definePlugin, flag, oneOf } from '@webserv/server';
import { inject, startTestServer } from '@webserv/server/testing';
import { describe, expect, it } from 'vitest';

interface Heard {
  readonly used: boolean;
  readonly both: boolean;
  readonly roots: readonly (string | undefined)[];
}

/** Sets a plugin up, and returns how its `setup` sees a configuration. */
async function heardOf(conf: string): Promise<Heard> {
  let heard: Heard | undefined;
  const asker = definePlugin({
    name: 'asker',
    directives: {
      ask: flag({ default: false, help: 'tests' }),
      ask_how: oneOf(['once', 'twice'], { default: 'once', help: 'tests' }),
    },
    setup({ usedAnywhere, configuredRoutes }) {
      heard = {
        used: usedAnywhere(({ ask }) => ask),
        both: usedAnywhere(({ ask, ask_how: how }) => ask && how === 'twice'),
        roots: [...configuredRoutes()]
          .filter(({ options }) => options.ask)
          .map(({ root }) => root?.directory),
      };
    },
  });
  await using _server = await startTestServer(conf, {}, { plugins: [asker] });
  if (heard === undefined) throw new Error('setup was not called');
  return heard;
}

describe('usedAnywhere', () => {
  it.each([
    ['nowhere', 'location /a { ask off; }', false],
    ['in the server', 'ask on;', true],
    ['in a location in a location', 'location /a { location /a/b { ask on; } }', true],
    ['in an exact location', 'location = /a { ask on; }', true],
    ['in an extension location', 'location *.x { ask on; }', true],
    [
      'in the second server',
      'server { listen 127.0.0.1:0; } server { listen 127.0.0.1:0; server_name b; ask on; }',
      true,
    ],
  ])('%s', async (_where, conf, expected) => {
    expect((await heardOf(conf)).used).toBe(expected);
  });

  it('sees an extension location as it acts inside another location', async () => {
    const parts = 'location *.x { ask_how twice; } location /a { ask on; }';
    expect((await heardOf(parts)).both).toBe(true);
    expect((await heardOf(parts.replace('/a', '^~ /a'))).both).toBe(false);
    expect((await heardOf(parts.replace('/a', '= /a'))).both).toBe(false);
    expect(
      (await heardOf('location /b { location *.x { ask_how twice; } } location /a { ask on; }')).both,
    ).toBe(false);
  });
});

describe('configuredRoutes', () => {
  it('gives each root that an extension location acts with, once', async () => {
    const { roots } = await heardOf(
      'location *.x { ask on; } location /a { root /tmp; location /a/b { } } location /c { root /usr; }',
    );
    expect(roots).toEqual([undefined, '/tmp', '/usr']);
  });

  it('lets upload find the directory that an extension location stores in', async () => {
    const conf =
      'root www; location *.html { upload on; } location /a { root store; } location /all { root store; }';
    const response = await inject([], conf, '/all/page.html', {
      'www/': null,
      'store/': null,
      'store/page.html': '<script>alert(1)</script>',
    });
    expect([response.status, response.headers.get('content-security-policy')]).toEqual([200, 'sandbox']);
  });
});
