import { spawn } from 'node:child_process';
import { startTestServer, type TestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Certificates } from './certificates.js';

let made: Certificates;
let server: TestServer;
beforeAll(async () => {
  made = await Certificates.make();
  await made.authority('ca');
  await made.server('a', ['a.test'], { issuer: 'ca' });
  server = await startTestServer(
    `server { listen 127.0.0.1:0 ssl; server_name a.test; return 200 "$ssl_protocol $ssl_session_reused";
       ssl_certificate ${made.path('a.pem')}; ssl_certificate_key ${made.path('a.key')}; }`,
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await made.remove();
});

/** `openssl s_client` with a GET, by the authority of the test. @returns all that it prints */
async function client(...options: readonly string[]): Promise<string> {
  const trust = ['-CAfile', made.path('ca.pem'), '-verify_return_error', '-verify_hostname', 'a.test'];
  const address = ['-connect', `127.0.0.1:${server.port}`, '-servername', 'a.test'];
  const child = spawn('openssl', ['s_client', ...address, ...trust, '-ign_eof', ...options]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('latin1').on('data', (piece: string) => {
      output += piece;
    });
  // It has ended already where the handshake was refused.
  child.stdin.on('error', () => {});
  child.stdin.end('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}

describe('openssl s_client', () => {
  it.each([
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ])('%s: verifies the certificate, gets its response, and resumes its session', async (option, protocol) => {
    const session = made.path(`${protocol}.session`);
    const first = await client(option, '-sess_out', session);
    expect(first).toContain('Verify return code: 0 (ok)');
    expect(first).toContain(`\r\n\r\n${protocol} .`);
    expect(await client(option, '-sess_in', session)).toContain(`\r\n\r\n${protocol} r`);
  });

  it.each(['-tls1', '-tls1_1'])('%s: is refused', async (option) => {
    const output = await client(option, '-cipher', 'DEFAULT@SECLEVEL=0');
    expect(output).toMatch(/alert protocol version/);
    expect(output).not.toContain('HTTP/1.1');
  });

  it.each([
    ['-cipher', 'AES128-SHA'],
    ['-cipher', 'ECDHE-ECDSA-AES128-SHA256'],
    ['-cipher', 'aNULL@SECLEVEL=0'],
    ['-curves', 'secp224r1'],
  ])('-tls1_2 with only %s %s: is refused', async (...weak) => {
    const output = await client('-tls1_2', ...weak);
    expect(output).toMatch(/alert handshake failure|no ciphers available/);
    expect(output).not.toContain('HTTP/1.1');
  });

  it('has no compression, and secure renegotiation', async () => {
    const output = await client('-tls1_2', '-comp');
    expect(output).toContain('Compression: NONE');
    expect(output).toContain('Secure Renegotiation IS supported');
  });
});
