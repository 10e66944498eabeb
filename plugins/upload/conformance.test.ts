import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import upload from './index.js';

const form = [
  '--x',
  'Content-Disposition: form-data; name="file"; filename="b.txt"',
  'Content-Type: text/plain',
  '',
  'a file in a form',
  '--x--',
  '',
].join('\r\n');
const requests = [
  { method: 'PUT', path: '/a.txt', body: 'some content\n'.repeat(500) },
  { method: 'POST', path: '/', headers: { 'Content-Type': 'multipart/form-data; boundary=x' }, body: form },
  { method: 'DELETE', path: '/old.txt' },
];
const files = { 'store/old.txt': 'it goes' };
// Each server writes its files at a different time.
const varies = { headers: ['ETag'] };
const conf = 'root store; upload on; upload_delete on;';

for (const { name, run } of conformance(upload, { conf, files, requests, varies })) test(name, run);
