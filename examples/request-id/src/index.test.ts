import { match, notStrictEqual, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { conformance, directiveChecks, inject } from '@webserv/server/testing';
import requestId from './index.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const conf = `
location /on  { request_id on; return 200 "$request_id"; }
location /off { return 200 "without"; }
`;

test('every request gets a new identifier, in the response and as a variable', async () => {
  const answer = await inject(requestId, conf, '/on');
  const id = answer.headers.get('x-request-id') ?? '';
  match(id, UUID);
  strictEqual(await answer.text(), id);
  notStrictEqual((await inject(requestId, conf, '/on')).headers.get('x-request-id'), id);
});

test('a route without the directive has none', async () => {
  strictEqual((await inject(requestId, conf, '/off')).headers.get('x-request-id'), null);
});

test('error responses and error pages have it too', async () => {
  const answer = await inject(requestId, 'request_id on; root www;', '/missing', { www: null });
  strictEqual(answer.status, 404);
  match(answer.headers.get('x-request-id') ?? '', UUID);
});

const ask = async (given: string, trust: string): Promise<string | null> => {
  const request = { headers: { 'X-Request-Id': given } };
  const answer = await inject(requestId, `request_id on; request_id_trust ${trust}; return 200;`, request);
  return answer.headers.get('x-request-id');
};

test('the identifier of the request is accepted where it is trusted, if it is safe for a log', async () => {
  strictEqual(await ask('abc-123', 'on'), 'abc-123');
  match((await ask('abc-123', 'off')) ?? '', UUID);
  match((await ask('two words', 'on')) ?? '', UUID);
  match((await ask('x'.repeat(129), 'on')) ?? '', UUID);
});

const checks = [
  ...directiveChecks(requestId, {
    valid: [{ conf: 'request_id on;', options: { request_id: true, request_id_trust: false } }],
    invalid: [{ conf: 'request_id maybe;', errors: [/expected "on" or "off"/] }],
  }),
  ...conformance(requestId, {
    conf: 'request_id on; return 200 text;',
    requests: ['/', { method: 'POST', body: 'content' }],
    varies: { headers: ['X-Request-Id'] },
  }),
];
for (const { name, run } of checks) test(name, run);
