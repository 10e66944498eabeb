import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { definePlugin, Stage, type TlsConnection } from '@webserv/server';
import { startTestServer } from '@webserv/server/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Certificates } from './certificates.js';
import { get } from './client.js';

let made: Certificates;
beforeAll(async () => {
  made = await Certificates.make();
  await made.server('a', ['a.test']);
  await made.authority('ca');
  await made.client('someone', { issuer: 'ca' });
});
afterAll(() => made.remove());

const conf = (directives: string): string =>
  `server { listen 127.0.0.1:0 ssl; ssl_certificate ${made.path('a.pem')};
     ssl_certificate_key ${made.path('a.key')}; ${directives} }`;

it('request.peer.tls has what was negotiated, and the certificate of the client', async () => {
  let seen: TlsConnection | undefined;
  const plugin = definePlugin({
    name: 'observer',
    apply({ hooks }) {
      hooks.onRoute.tap({ stage: Stage.content }, ({ request: { peer } }) => {
        seen = peer.tls;
        return { status: 200, body: String(peer.secure) };
      });
    },
  });
  const verify = `ssl_verify_client optional; ssl_client_certificate ${made.path('ca.pem')};`;
  await using server = await startTestServer(conf(verify), {}, { plugins: [plugin] });
  const client = { cert: await made.read('someone.pem'), key: await made.read('someone.key') };
  const options = { servername: 'a.test', ALPNProtocols: ['http/1.1'] };
  expect((await get(server.port, '/', { ...options, ...client })).text).toMatch(/true$/);
  expect(seen).toMatchObject({
    protocol: 'TLSv1.3',
    cipher: expect.stringMatching(/^TLS_/),
    serverName: 'a.test',
    alpn: 'http/1.1',
    sessionReused: false,
    clientVerify: 'SUCCESS',
    clientCertificate: { subject: 'CN=someone,O=Tests', issuer: 'CN=ca,O=Tests' },
  });
  expect(seen?.clientCertificate?.fingerprint).toMatch(/^[0-9a-f]{40}$/);
  expect(seen?.clientCertificate?.pem).toContain('BEGIN CERTIFICATE');
  await get(server.port, '/', options);
  expect(seen).toMatchObject({ clientVerify: 'NONE', clientCertificate: undefined });
});

it('scripts get HTTPS=on', async () => {
  const script = '#!/bin/sh\necho Status: 200; echo; echo "$HTTPS $REQUEST_SCHEME $SERVER_PORT"\n';
  await using server = await startTestServer(conf('root www; cgi .cgi;'), { 'www/a.cgi': script });
  await chmod(join(server.directory, 'www/a.cgi'), 0o755);
  const { text } = await get(server.port, '/a.cgi', { servername: 'a.test' });
  expect(text).toContain(`on https ${server.port}`);
});
