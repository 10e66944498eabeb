import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import autoindex from './index.js';

const files = { 'www/a.txt': 'abc', 'www/b/c.txt': 'def' };
const requests = ['/', '/b/', { path: '/', headers: { Accept: 'application/json' } }];
// Each server has its own files, written at different times.
const varies = { headers: ['Last-Modified', 'ETag'], content: true };

for (const { name, run } of conformance(autoindex, {
  conf: 'root www; autoindex on;',
  files,
  requests,
  varies,
}))
  test(name, run);
