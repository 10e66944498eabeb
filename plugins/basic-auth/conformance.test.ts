import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import basicAuth from './index.js';

// "secret" by htpasswd -s.
const files = { users: 'ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n' };
const authorization = `Basic ${btoa('ann:secret')}`;
const requests = [
  '/',
  { headers: { Authorization: authorization } },
  { method: 'POST', headers: { Authorization: authorization }, body: 'some content' },
];
const conf = 'auth_basic "Members only"; auth_basic_user_file users; location / { return 200 text; }';

for (const { name, run } of conformance(basicAuth, { conf, files, requests })) test(name, run);
