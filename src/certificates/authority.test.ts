import { execFile, execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type PeerCertificate } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Account } from '../kernel/rights/account.js';
import { recordingLog } from '../testing/recording-log.js';
import { findAuthority, LocalAuthority } from './authority.js';

const DAY = 86_400_000;
const YEAR = 365.2425 * DAY;
const isRoot = process.getuid?.() === 0;
const run = promisify(execFile);

let directory = '';
let state = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'webserv-authority-'));
  state = join(directory, 'not/yet');
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

const inState = (...names: readonly string[]): string => join(state, 'authority', ...names);
const open = (account?: Account, { log } = recordingLog()) => LocalAuthority.open(state, { account, log });
const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);
const at = (date: Date | string | number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(date) });
};

describe('an authority', () => {
  it('is created once, in private directories, with a log line', async () => {
    const log = recordingLog();
    const first = await open(undefined, log);
    const again = await open(undefined, log);
    expect(again.certificate).toBe(first.certificate);
    expect(log.lines).toEqual([
      expect.stringMatching(`\\[info\\] local authority: ${first.file}, valid until .*`),
    ]);
    expect(readdirSync(inState('1')).sort()).toEqual(['certificate.pem', 'key.pem']);
    expect(first.file).toBe(inState('1/certificate.pem'));
    expect(readdirSync(inState())).toEqual(['1']);
    for (const path of [state, inState(), inState('1')]) expect(modeOf(path)).toBe('700');
    expect(modeOf(inState('1/key.pem'))).toBe('600');
  });

  it('is signed by itself, valid for ten years, and may sign certificates of servers only', async () => {
    const { certificate, expires } = await open();
    const x509 = new X509Certificate(certificate);
    expect([x509.ca, x509.verify(x509.publicKey), x509.checkIssued(x509)]).toEqual([true, true, true]);
    expect((expires.getTime() - Date.now()) / YEAR).toBeCloseTo(10, 2);
    expect(Date.now() - Date.parse(x509.validFrom)).toBeGreaterThan(3_500_000);
    expect(BigInt(`0x${x509.serialNumber}`)).toBeGreaterThan(2n ** 100n);
    expect(x509.serialNumber.length).toBeLessThanOrEqual(32);
    const text = await opensslText(certificate);
    expect(text).toContain('ASN1 OID: prime256v1');
    expect(text).toContain('Signature Algorithm: ecdsa-with-SHA256');
    expect(text).toMatch(/Basic Constraints: critical\n *CA:TRUE, pathlen:0\n/);
    expect(text).toMatch(/Key Usage: critical\n *Certificate Sign, CRL Sign\n/);
    expect(text).toContain('X509v3 Subject Key Identifier');
  });

  it('is one for all that open it at the same moment', async () => {
    const log = recordingLog();
    const opened = await Promise.all(Array.from({ length: 20 }, () => open(undefined, log)));
    expect(new Set(opened.map(({ certificate }) => certificate)).size).toBe(1);
    expect(readdirSync(inState())).toEqual(['1']);
    expect(log.lines).toHaveLength(1);
  });

  it('is found without being created', async () => {
    expect(findAuthority(state)).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
    const { file } = await open();
    expect(findAuthority(state)?.file).toBe(file);
  });

  it('that ends soon is renewed once with a new key, by all that open it, with a warning', async () => {
    const old = await open();
    const soon = old.expires.getTime() - 30 * DAY;
    at(soon - 1000);
    expect((await open()).certificate).toBe(old.certificate);
    at(soon + 1000);
    const log = recordingLog();
    const opened = await Promise.all(Array.from({ length: 10 }, () => open(undefined, log)));
    const [renewed] = opened;
    expect(new Set(opened.map(({ certificate }) => certificate)).size).toBe(1);
    expect(renewed?.certificate).not.toBe(old.certificate);
    expect(renewed?.file).toBe(inState('2/certificate.pem'));
    expect((Number(renewed?.expires) - Date.now()) / YEAR).toBeCloseTo(10, 2);
    expect(log.lines).toEqual([
      expect.stringMatching(/\[warn\] .* was renewed with a new key: .*clients refuse it/),
    ]);
    // The one that was opened before is renewed by its next certificate.
    const { certificate } = await old.certify([]);
    expect(
      new X509Certificate(certificate).verify(new X509Certificate(renewed?.certificate ?? '').publicKey),
    ).toBe(true);
  });

  it('that has expired is renewed too', async () => {
    const old = await open();
    at(old.expires.getTime() + YEAR);
    expect((await open()).file).toBe(inState('2/certificate.pem'));
  });
});

describe('an authority is refused, and nothing is changed,', () => {
  const cut = (name: string, length: number) => () => {
    const file = inState('1', name);
    writeFileSync(file, readFileSync(file).subarray(0, length));
  };
  it.each<readonly [string, () => void, RegExp]>([
    [
      'with an empty certificate',
      cut('certificate.pem', 0),
      /1\/certificate\.pem: it is incomplete or damaged/,
    ],
    [
      'with half a certificate',
      cut('certificate.pem', 300),
      /1\/certificate\.pem: it is incomplete or damaged/,
    ],
    ['with half a key', cut('key.pem', 100), /1\/key\.pem: it is incomplete or damaged/],
    ['without its key', () => rmSync(inState('1/key.pem')), /1\/key\.pem: ENOENT/],
    ['without its certificate', () => rmSync(inState('1/certificate.pem')), /1\/certificate\.pem: ENOENT/],
    ['without both', emptied, /1\/certificate\.pem: ENOENT/],
    ['with another key', otherKey, /1\/certificate\.pem: the certificate does not belong to the key/],
    [
      'with a key that others can read',
      () => chmodSync(inState('1/key.pem'), 0o640),
      /mode 0640\): chmod 600/,
    ],
    ['with a key that is a link', () => linked(inState('1/key.pem')), /1\/key\.pem: ELOOP/],
    ['that is a link', () => linked(inState()), /authority is a symbolic link/],
    ['with a generation that is a link', () => linked(inState('1')), /authority\/1 is a symbolic link/],
    ['in a state directory that is a link', () => linked(state), /not\/yet is a symbolic link: .*moved/],
    [
      'that others can write to',
      () => chmodSync(inState(), 0o770),
      /authority can be written to by other users/,
    ],
    ['in a state directory that others can write to', () => chmodSync(state, 0o702), /yet can be written to/],
    [
      'with files that others can write to',
      () => chmodSync(inState('1/certificate.pem'), 0o666),
      /mode 0666/,
    ],
    ['with a FIFO', fifo, /1\/key\.pem: it is not a PEM file/],
  ])('%s', async (_, damage, message) => {
    await open();
    damage();
    const before = listed(directory);
    await expect(open()).rejects.toMatchObject({
      name: 'AuthorityError',
      message: expect.stringMatching(message),
    });
    await expect(open()).rejects.toThrow(/^the local authority [^\n]*$/);
    expect(() => findAuthority(state)).toThrow(message);
    expect(listed(directory)).toEqual(before);
  });

  it('and a file is not its directory', async () => {
    writeFileSync(join(directory, 'not'), '');
    await expect(open()).rejects.toThrow(/ENOTDIR/);
    state = join(directory, 'not');
    await expect(open()).rejects.toThrow(/not is not a directory/);
  });

  it.runIf(process.platform === 'linux')('and what cannot be stored is no authority', async () => {
    state = '/proc/self/webserv';
    await expect(open()).rejects.toThrow(
      /^the local authority in \/proc\/self\/webserv\/authority cannot be created: ENOENT: .*; for another directory: state_dir PATH; or STATE_DIRECTORY=PATH in the environment$/,
    );
  });
});

describe.runIf(isRoot && process.platform === 'linux')('an authority opened by root', () => {
  const account: Account = { uid: 23_456, gid: 23_456, groups: [] };
  const other: Account = { uid: 12_345, gid: 12_345, groups: [] };

  it('is created with the rights of the user that can write to its directory', async () => {
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, 'not'), 0o755);
    chownSync(join(directory, 'not'), account.uid, account.gid);
    const { certificate } = await open(account);
    for (const path of [state, inState(), inState('1'), inState('1/key.pem')])
      expect(lstatSync(path).uid).toBe(account.uid);
    expect((await open()).certificate).toBe(certificate);
    expect([process.geteuid?.(), process.getegid?.()]).toEqual([0, 0]);
  });

  it('is refused where all users can write', async () => {
    chmodSync(directory, 0o1777);
    await expect(open()).rejects.toThrow('all users can write to a directory of its path');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is refused in the directory of another user', async () => {
    chmodSync(directory, 0o755);
    await open();
    chownSync(state, other.uid, other.gid);
    await expect(open(account)).rejects.toThrow('belongs to user 12345, expected user 23456');
    chownSync(state, 0, 0);
    chownSync(inState('1/key.pem'), other.uid, other.gid);
    await expect(open()).rejects.toThrow('1/key.pem: it belongs to user 12345, expected user 0');
  });
});

describe('a certificate', () => {
  it('is for the names, valid for a week and backdated by an hour', async () => {
    const authority = await open();
    const before = Date.now();
    const pair = await authority.certify(['example.org', '*.example.org', '192.0.2.7', '[2001:db8::7]']);
    const x509 = new X509Certificate(pair.certificate);
    const issuer = new X509Certificate(authority.certificate);
    expect(x509.subjectAltName).toBe(
      'DNS:example.org, DNS:*.example.org, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7',
    );
    expect([x509.ca, x509.checkIssued(issuer), x509.verify(issuer.publicKey)]).toEqual([false, true, true]);
    expect(x509.checkPrivateKey(createPrivateKey(pair.key))).toBe(true);
    expect(Date.parse(x509.validTo)).toBe(pair.expires.getTime());
    expect(Math.abs(pair.expires.getTime() - before - 7 * DAY)).toBeLessThan(60_000);
    expect(Math.abs(before - Date.parse(x509.validFrom) - 3_600_000)).toBeLessThan(60_000);
    expect(pair.certificate.match(/BEGIN/g)).toHaveLength(1);
    const text = await opensslText(pair.certificate);
    expect(text).toMatch(/Basic Constraints: critical\n *CA:FALSE\n/);
    expect(text).toMatch(/Key Usage: critical\n *Digital Signature\n/);
    expect(text).toMatch(/Extended Key Usage: *\n *TLS Web Server Authentication\n/);
    const ofIssuer = /Subject Key Identifier: *\n *(\S+)/.exec(await opensslText(authority.certificate))?.[1];
    expect(/Authority Key Identifier: *\n *(?:keyid:)?(\S+)/.exec(text)?.[1]).toBe(ofIssuer);
  });

  it('has a new key and another serial number each time', async () => {
    const authority = await open();
    const [one, other] = await Promise.all([
      authority.certify(['a.example']),
      authority.certify(['a.example']),
    ]);
    expect(one.key).not.toBe(other.key);
    const serials = [one, other].map(({ certificate }) => new X509Certificate(certificate).serialNumber);
    expect(new Set(serials).size).toBe(2);
  });

  it('is for this machine without names, and not made for what is not a name', async () => {
    const authority = await open();
    const { certificate } = await authority.certify([]);
    expect(new X509Certificate(certificate).subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    await expect(authority.certify(['a b'])).rejects.toThrow('"a b" is neither');
  });

  it('is verified by OpenSSL, strictly, for its names only', async () => {
    const { ca, leaf } = await stored(['example.org', '*.example.org', '192.0.2.7', '::1']);
    const verify = (...args: readonly string[]) =>
      run('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', ca, ...args, leaf]);
    for (const name of ['example.org', 'a.example.org']) await verify('-verify_hostname', name);
    for (const address of ['192.0.2.7', '::1']) await verify('-verify_ip', address);
    await expect(verify('-verify_hostname', 'example.com')).rejects.toThrow(/hostname mismatch/i);
    await expect(verify('-verify_ip', '192.0.2.8')).rejects.toThrow(/IP address mismatch/i);
  });

  it.each(['2049-12-31T12:00:00Z', '2051-06-01T00:00:00Z'])(
    'made at %s is verified at that time',
    async (now) => {
      at(now);
      const { ca, leaf } = await stored(['example.org']);
      const seconds = String(Math.floor(Date.parse(now) / 1000));
      await run('openssl', ['verify', '-x509_strict', '-attime', seconds, '-CAfile', ca, leaf]);
    },
  );

  it('is accepted by a TLS client that trusts the authority, for its names only', async () => {
    const authority = await open();
    const { certificate, key } = await authority.certify(['localhost', '*.site.example', '127.0.0.1']);
    const server = createServer({ cert: certificate, key }, (socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const subject = (host: string, ca?: string): Promise<PeerCertificate> =>
      new Promise((resolve, reject) => {
        const options = { port: port ?? 0, host: '127.0.0.1', ...(ca === undefined ? {} : { ca }) };
        const named = host === '127.0.0.1' ? options : { ...options, servername: host };
        const socket = connect(named, () => {
          resolve(socket.getPeerCertificate());
          socket.destroy();
        }).on('error', reject);
      });
    try {
      for (const host of ['localhost', 'a.site.example', '127.0.0.1'])
        expect((await subject(host, authority.certificate)).subject.O).toBe('webserv local certificate');
      await expect(subject('site.example', authority.certificate)).rejects.toMatchObject({
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      });
      await expect(subject('localhost')).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    } finally {
      server.close();
    }
  });
});

async function stored(names: readonly string[]): Promise<{ readonly ca: string; readonly leaf: string }> {
  const authority = await open();
  const leaf = join(directory, 'leaf.pem');
  writeFileSync(leaf, (await authority.certify(names)).certificate);
  return { ca: authority.file, leaf };
}

async function opensslText(certificate: string): Promise<string> {
  const file = join(directory, 'text.pem');
  writeFileSync(file, certificate);
  return (await run('openssl', ['x509', '-in', file, '-noout', '-text'])).stdout;
}

function otherKey(): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(inState('1/key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** Moves a file or directory, and puts a link at its place. */
function linked(path: string): void {
  renameSync(path, join(directory, 'moved'));
  symlinkSync(join(directory, 'moved'), path);
}

function emptied(): void {
  rmSync(inState('1'), { recursive: true });
  mkdirSync(inState('1'), 0o700);
}

function fifo(): void {
  rmSync(inState('1/key.pem'));
  execFileSync('mkfifo', ['-m', '600', inState('1/key.pem')]);
}

/** Everything below a directory, with modes and contents. */
function listed(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true }).map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const text = entry.isFile() ? readFileSync(file, 'latin1') : '';
    return `${file} ${lstatSync(file).mode} ${lstatSync(file).mtimeMs} ${text}`;
  });
}
