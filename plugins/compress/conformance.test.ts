import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import compress from './index.js';

const files = { 'www/a.html': '<p>text</p>\n'.repeat(2000), 'www/a.png': Buffer.alloc(5000) };
const requests = ['gzip', 'br', 'identity'].flatMap((coding) => [
  { path: '/a.html', headers: { 'Accept-Encoding': coding } },
  { path: '/a.png', headers: { 'Accept-Encoding': coding } },
]);
// Each server has its own files, written at different times.
const varies = { headers: ['Last-Modified', 'ETag'] };

for (const { name, run } of conformance(compress, {
  conf: 'root www; compress on;',
  files,
  requests,
  varies,
}))
  test(name, run);
