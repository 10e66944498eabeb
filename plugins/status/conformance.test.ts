import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import status from './index.js';

const conf = 'location /status { status on; } location /health { status health; }';
const requests = ['/status', '/health', { path: '/status', headers: { Accept: 'text/plain' } }];

for (const { name, run } of conformance(status, { conf, requests, varies: { content: true } }))
  test(name, run);
