import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import serveFiles from './index.js';

const files = {
  'www/index.html': '<p>hello</p>',
  'www/a.txt': 'abcdef',
  'www/large.bin': Buffer.alloc(300_000, 'x'),
};
const requests = [
  '/',
  '/a.txt',
  '/large.bin',
  '/missing',
  { path: '/a.txt', headers: { Range: 'bytes=1-2' } },
  { path: '/a.txt', headers: { 'If-None-Match': '*' } },
];
// Each server has its own files, written at different times.
const varies = { headers: ['Last-Modified', 'ETag'] };
const options = { conf: 'root www;', files, requests, varies, everywhere: ['onDone'] as const };

for (const { name, run } of conformance(serveFiles, options)) test(name, run);
