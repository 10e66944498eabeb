import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from './chromium.js';
import { type Command, demonstration } from './command.js';
import { authorityFile } from './state-directory.js';

const run = promisify(execFile);
const FRONT_PAGE = 'https://localhost:8443/';

let server: Command;

beforeAll(async () => {
  server = await demonstration();
});

afterAll(async () => {
  expect(await server.end('SIGTERM')).toBe(0);
});

async function curl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('curl', ['--silent', '--show-error', '--max-time', '20', ...args]);
  return stdout;
}

/** The server's own certificate for a name. */
async function certificateOf(servername: string): Promise<X509Certificate> {
  const socket = connect({ host: '127.0.0.1', port: 8443, servername, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return new X509Certificate(raw);
}

describe('curl', () => {
  it('gets the pages of both sites by TLS when it trusts the authority', async () => {
    const ca = ['--cacert', authorityFile()];
    expect(await curl(...ca, FRONT_PAGE)).toBe(await curl('http://localhost:8080/'));
    const second = '/?from=here';
    expect(await curl(...ca, `https://second.localhost:8443${second}`)).toBe(
      await curl(`http://second.localhost:8080${second}`),
    );
    expect(await curl(...ca, 'https://127.0.0.1:8443/hello')).toContain('Hello from 127.0.0.1');
  });

  it('refuses the certificate without that', async () => {
    await expect(curl(FRONT_PAGE)).rejects.toMatchObject({ code: 60 });
  });

  it('gets 400 with the right URL for plain HTTP', async () => {
    expect(await curl('--write-out', '%{http_code}', 'http://localhost:8443/folder/')).toMatch(
      /href="https:\/\/localhost:8443\/folder\/"[\s\S]*400$/,
    );
  });
});

describe('a browser', () => {
  it('opens the front page by HTTPS, and everything on it comes by HTTPS', async () => {
    const { publicKey } = await certificateOf('localhost');
    const key = createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64');
    const browser = await openBrowser([`--ignore-certificate-errors-spki-list=${key}`]);
    try {
      const page = await browser.newPage();
      const failures: string[] = [];
      const urls: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') failures.push(message.text());
      });
      page.on('requestfailed', (request) => failures.push(request.url()));
      page.on('response', (response) => urls.push(response.url()));
      const response = await page.goto(FRONT_PAGE, { waitUntil: 'networkidle' });
      expect((await response?.securityDetails())?.protocol).toBe('TLS 1.3');
      expect(await page.evaluate('isSecureContext')).toBe(true);
      expect(await page.locator('h1').first().textContent()).toBe('It works.');
      expect(failures).toEqual([]);
      expect(urls.length).toBeGreaterThan(2);
      expect(urls.filter((url) => !url.startsWith(FRONT_PAGE))).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it('refuses the certificate of an authority that it does not know', async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await expect(page.goto(FRONT_PAGE)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
    } finally {
      await browser.close();
    }
  });
});
