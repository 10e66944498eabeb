import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { builtinPlugins, publicEntries } from '../../src/builtin.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import type { Log } from '../../src/kernel/log/log.js';
import { type RunningServer, start } from '../../src/kernel/server/server.js';
import { readKeyPair } from '../../src/kernel/tls/key-pair.js';
import { type KeyListener, OwnKeys } from '../../src/kernel/tls/key-source.js';
import { Keys } from '../../src/process/keys.js';
import { Certificates } from './certificates.js';
import { get, sessionOf } from './client.js';

const ignore = (): void => {};
const silent: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  for (const name of ['first', 'second', 'other']) await made.server(name, ['a.test']);
});
afterAll(() => made.remove());

const filesOf = (name: string) =>
  ({
    kind: 'files',
    certificate: made.path(`${name}.pem`),
    key: made.path(`${name}.key`),
    passwords: undefined,
  }) as const;

/** A server whose keys the test changes. */
class ChangingKeys extends OwnKeys {
  listener: KeyListener | undefined;

  override subscribe(listener?: KeyListener): void {
    this.listener = listener;
  }
}

async function withChangingKeys(work: (port: number, listener: KeyListener) => Promise<void>): Promise<void> {
  const { certificate, key } = filesOf('first');
  const { config } = await loadConfigText(
    `server { listen 127.0.0.1:0 ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key}; return 200 ok; }`,
    { file: 'test.conf', base: made.directory, builtins: builtinPlugins(), entries: publicEntries() },
  );
  if (config === undefined) throw new Error('the configuration cannot be used');
  const keys = new ChangingKeys();
  const server: RunningServer = await start(config, silent, { keys });
  const [address] = server.addresses;
  try {
    if (address?.kind !== 'tcp' || keys.listener === undefined) throw new Error('not ready');
    await work(address.port, keys.listener);
  } finally {
    await server.stop(0);
  }
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('keys that change while a server serves %s', (maxVersion) => {
  it('renewed: new connections get the certificate, sessions are resumed', () =>
    withChangingKeys(async (port, listener) => {
      const session = await sessionOf(port, { maxVersion });
      listener.renewed(filesOf('first'), await readKeyPair(filesOf('second')));
      expect((await get(port, '/', { maxVersion })).certificate).toBe('second');
      expect((await get(port, '/', { maxVersion, session })).reused).toBe(true);
    }));

  it('renewed for another server: nothing changes', () =>
    withChangingKeys(async (port, listener) => {
      listener.renewed(filesOf('other'), await readKeyPair(filesOf('second')));
      expect((await get(port, '/', { maxVersion })).certificate).toBe('first');
    }));

  it('renewed by a pair that does not fit: the one before serves on', () =>
    withChangingKeys(async (port, listener) => {
      const { certificate } = await readKeyPair(filesOf('second'));
      listener.renewed(filesOf('first'), { ...(await readKeyPair(filesOf('first'))), certificate });
      expect((await get(port, '/', { maxVersion })).certificate).toBe('first');
    }));

  it('rotated: older sessions are not resumed, newer ones are', () =>
    withChangingKeys(async (port, listener) => {
      const before = await sessionOf(port, { maxVersion });
      expect((await get(port, '/', { maxVersion, session: before })).reused).toBe(true);
      listener.rotated(randomBytes(32));
      expect((await get(port, '/', { maxVersion, session: before })).reused).toBe(false);
      const after = await sessionOf(port, { maxVersion });
      expect((await get(port, '/', { maxVersion, session: after })).reused).toBe(true);
    }));
});

describe('the keys that a master keeps', () => {
  it('has another secret of the tickets every 12 hours, for all workers', () => {
    vi.useFakeTimers();
    try {
      const secrets: string[] = [];
      const holder = {
        renewed: ignore,
        rotated: (secret: Uint8Array) => secrets.push(Buffer.from(secret).toString('hex')),
      };
      const keys = new Keys({ log: () => silent, holders: () => [holder, holder] });
      const first = Buffer.from(keys.secret).toString('hex');
      vi.advanceTimersByTime(11.9 * 3_600_000);
      expect(secrets).toEqual([]);
      vi.advanceTimersByTime(24 * 3_600_000);
      expect(secrets).toHaveLength(4);
      expect(new Set([first, ...secrets]).size).toBe(3);
      expect(first).toHaveLength(64);
      keys.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('are not given to a worker that has given up its rights', async () => {
    const holder = { renewed: ignore, rotated: ignore };
    const keys = new Keys({ log: () => silent, holders: () => [holder] });
    const how = { account: undefined, rereads: false };
    const pair = await keys.take(holder, filesOf('first'), how);
    expect(pair.certificate).toContain('BEGIN CERTIFICATE');
    keys.seal(holder);
    await expect(keys.take(holder, filesOf('second'), how)).rejects.toThrow('given up the right');
    keys.close();
  });
});
