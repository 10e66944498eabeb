import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Certificates } from './certificates.js';
import { get, refusal, sessionOf } from './client.js';

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test', 'localhost']);
  await made.server('b', ['b.test', '*.b.test']);
  await made.server('rsa', ['a.test'], { rsa: true });
  await made.authority('ca');
  await made.authority('other-ca');
  await made.authority('middle', 'ca');
  await made.authority('low', 'middle');
  await made.client('right', { issuer: 'ca' });
  await made.client('revoked', { issuer: 'ca' });
  await made.client('wrong', { issuer: 'other-ca' });
  await made.client('expired', { issuer: 'ca', days: -1 });
  await made.client('deep', { issuer: 'middle' });
  await made.client('deeper', { issuer: 'low' });
  await made.revoke('revoked.crl', 'ca', ['revoked']);
});
afterAll(() => made.remove());

const pair = (name: string): string =>
  `ssl_certificate ${made.path(`${name}.pem`)}; ssl_certificate_key ${made.path(`${name}.key`)};`;

const server = (directives: string, rest = ''): Promise<TestServer> =>
  startTestServer(
    `server { listen 127.0.0.1:0 ssl; location / { return 200 "$scheme"; } ${directives} } ${rest}`,
  );

async function clientPair(name: string, ...chain: readonly string[]): Promise<ConnectionOptions> {
  const certificates = await Promise.all([name, ...chain].map((each) => made.read(`${each}.pem`)));
  return { cert: certificates.join('\n'), key: await made.read(`${name}.key`) };
}

describe('ssl_certificate and ssl_certificate_key', () => {
  it('are what the server identifies itself by', async () => {
    await using one = await server(pair('a'));
    const response = await get(one.port, '/', { servername: 'a.test', ca: await made.read('a.pem') });
    expect(response).toMatchObject({ status: 200, certificate: 'a', protocol: 'TLSv1.3' });
    expect(response.text).toMatch(/\r\n\r\nhttps$/);
  });

  it('may be given once more for RSA', async () => {
    await using both = await server(`${pair('a')} ${pair('rsa')}`);
    const asked = (ciphers: string) =>
      get(both.port, '/', { servername: 'a.test', maxVersion: 'TLSv1.2', ciphers });
    expect((await asked('ECDHE-ECDSA-AES128-GCM-SHA256')).certificate).toBe('a');
    expect((await asked('ECDHE-RSA-AES128-GCM-SHA256')).certificate).toBe('rsa');
  });
});

describe('ssl_password_file', () => {
  it('opens an encrypted key', async () => {
    const { execFileSync } = await import('node:child_process');
    execFileSync('openssl', [
      ...['pkcs8', '-topk8', '-in', made.path('a.key'), '-out', made.path('locked.key')],
      ...['-passout', 'pass:secret'],
    ]);
    await writeFile(made.path('passwords'), 'wrong\nsecret\n');
    await using locked = await server(
      `ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('locked.key')};
       ssl_password_file ${made.path('passwords')};`,
    );
    expect((await get(locked.port)).status).toBe(200);
  });
});

describe('ssl_protocols', () => {
  it('offers TLS 1.2 and 1.3 by default, and nothing older', async () => {
    await using all = await server(pair('a'));
    expect((await get(all.port, '/', { maxVersion: 'TLSv1.2' })).protocol).toBe('TLSv1.2');
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await refusal(all.port, old)).not.toBe('accepted');
  });

  it('offers only what it names', async () => {
    await using only = await server(`${pair('a')} ssl_protocols TLSv1.3;`);
    expect(await refusal(only.port, { maxVersion: 'TLSv1.2' })).not.toBe('accepted');
    expect((await get(only.port)).protocol).toBe('TLSv1.3');
  });
});

describe('ssl_ciphers and ssl_prefer_server_ciphers', () => {
  const both = 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384';
  const client = { maxVersion: 'TLSv1.2', ciphers: both } as const;

  it('limit TLS 1.2, and leave TLS 1.3', async () => {
    await using one = await server(`${pair('a')} ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384;`);
    expect((await get(one.port, '/', client)).cipher).toBe('ECDHE-ECDSA-AES256-GCM-SHA384');
    expect((await get(one.port)).protocol).toBe('TLSv1.3');
  });

  it("follow the client's order, or the server's", async () => {
    const list = 'ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256;';
    await using clients = await server(`${pair('a')} ${list} ssl_prefer_server_ciphers off;`);
    await using servers = await server(`${pair('a')} ${list}`);
    expect((await get(clients.port, '/', client)).cipher).toBe('ECDHE-ECDSA-AES128-GCM-SHA256');
    expect((await get(servers.port, '/', client)).cipher).toBe('ECDHE-ECDSA-AES256-GCM-SHA384');
  });

  it('give a client ChaCha20 that prefers it', async () => {
    await using one = await server(pair('a'));
    const chacha = 'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256';
    const asked = { maxVersion: 'TLSv1.2', ciphers: chacha } as const;
    expect((await get(one.port, '/', asked)).cipher).toBe('ECDHE-ECDSA-CHACHA20-POLY1305');
    const aes = { maxVersion: 'TLSv1.2', ciphers: both.split(':').toReversed().join(':') } as const;
    expect((await get(one.port, '/', aes)).cipher).toBe('ECDHE-ECDSA-AES128-GCM-SHA256');
  });
});

describe('ssl_ecdh_curve', () => {
  it('limits the groups', async () => {
    await using one = await server(`${pair('a')} ssl_ecdh_curve secp384r1;`);
    expect(await refusal(one.port, { ecdhCurve: 'X25519' })).not.toBe('accepted');
    expect(await refusal(one.port, { ecdhCurve: 'secp384r1' })).toBe('accepted');
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('sessions of %s', (maxVersion) => {
  it('ssl_session_tickets resumes them, or not', async () => {
    await using on = await server(pair('a'));
    await using off = await server(`${pair('a')} ssl_session_tickets off;`);
    for (const [port, reused] of [
      [on.port, true],
      [off.port, false],
    ] as const) {
      const session = await sessionOf(port, { servername: 'a.test', maxVersion });
      const again = await get(port, '/', { servername: 'a.test', maxVersion, session });
      expect(again.reused).toBe(reused);
    }
  });

  it('ssl_session_ticket_key is shared by servers that have the same', async () => {
    await writeFile(made.path('ticket.key'), randomBytes(48));
    const key = `${pair('a')} ssl_session_ticket_key ${made.path('ticket.key')};`;
    const named = (name: string) => server(`server_name ${name}; ${key}`);
    await using first = await named('a.test');
    await using second = await named('a.test');
    await using other = await named('other.test');
    const options = {
      servername: 'a.test',
      maxVersion,
      session: await sessionOf(first.port, { servername: 'a.test', maxVersion }),
    };
    expect((await get(second.port, '/', options)).reused).toBe(true);
    expect((await get(other.port, '/', options)).reused).toBe(false);
  });

  it('ssl_session_timeout ends them', async () => {
    await using brief = await server(`${pair('a')} ssl_session_timeout 1s;`);
    const session = await sessionOf(brief.port, { servername: 'a.test', maxVersion });
    const options = { servername: 'a.test', maxVersion, session };
    await expect.poll(async () => (await get(brief.port, '/', options)).reused).toBe(false);
  });
});

describe('ssl_verify_client', () => {
  const verified = (mode: string, more = ''): Promise<TestServer> =>
    startTestServer(
      `server { listen 127.0.0.1:0 ssl; ${pair('a')} ssl_verify_client ${mode};
         ssl_client_certificate ${made.path('ca.pem')}; ${more} return 200 "$ssl_client_verify"; }`,
    );

  it.each([
    ['on', 'right', 200],
    ['on', undefined, 400],
    ['on', 'wrong', 400],
    ['on', 'expired', 400],
    ['optional', 'right', 200],
    ['optional', undefined, 200],
    ['optional', 'wrong', 400],
    ['optional_no_ca', 'wrong', 200],
    ['optional_no_ca', 'expired', 400],
    ['off', 'wrong', 200],
  ] as const)('%s, a client with %s certificate: %d', async (mode, name, status) => {
    await using one = await verified(mode);
    const certificate = name === undefined ? {} : await clientPair(name);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
      expect((await get(one.port, '/', { ...certificate, maxVersion })).status).toBe(status);
  });

  it('never resumes a session: the certificate is verified each time', async () => {
    await using one = await verified('on');
    const certificate = await clientPair('right');
    const session = await sessionOf(one.port, { servername: 'a.test', ...certificate });
    const again = await get(one.port, '/', { ...certificate, servername: 'a.test', session });
    expect(again).toMatchObject({ status: 200, reused: false });
  });

  it('ssl_crl refuses revoked certificates', async () => {
    await using one = await verified('on', `ssl_crl ${made.path('revoked.crl')};`);
    expect((await get(one.port, '/', await clientPair('right'))).status).toBe(200);
    expect((await get(one.port, '/', await clientPair('revoked'))).status).toBe(400);
  });

  it('ssl_verify_depth counts the authorities between client and root', async () => {
    const chain = { deep: ['middle'], deeper: ['low', 'middle'] } as const;
    for (const [depth, name, status] of [
      [0, 'deep', 400],
      [1, 'deep', 200],
      [1, 'deeper', 400],
      [2, 'deeper', 200],
    ] as const) {
      await using one = await verified('on', `ssl_verify_depth ${depth};`);
      expect((await get(one.port, '/', await clientPair(name, ...chain[name]))).status).toBe(status);
    }
  });

  it('ssl_trusted_certificate adds authorities to ssl_client_certificate', async () => {
    await using one = await verified('on', `ssl_trusted_certificate ${made.path('other-ca.pem')};`);
    expect((await get(one.port, '/', await clientPair('wrong'))).status).toBe(200);
  });
});

describe('ssl_reject_handshake', () => {
  it('rejects names that no other server has', async () => {
    await using one = await server('ssl_reject_handshake on;');
    expect(await refusal(one.port, { servername: 'x.test' })).toMatch(/UNRECOGNIZED_NAME/);
  });
});

describe('ssl_handshake_timeout', () => {
  it('closes a connection that does not finish its handshake', async () => {
    await using brief = await server(`${pair('a')} ssl_handshake_timeout 100ms;`);
    for (const start of ['', '\x16', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03']) {
      const socket = connect(brief.port, '127.0.0.1');
      socket.write(start, 'latin1');
      await new Promise((resolve) => socket.once('close', resolve).resume());
    }
  });
});
