import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import headers from './index.js';

const conf = `
add_header X-Frame-Options DENY always;
location /api { cors https://app.example; return 200 text; }
location /page { add_header X-Path $uri; return 200 text; }
`;
const origin = { Origin: 'https://app.example' };
const requests = [
  '/page',
  { path: '/api', headers: origin },
  { method: 'OPTIONS', path: '/api', headers: { ...origin, 'Access-Control-Request-Method': 'PUT' } },
];

for (const { name, run } of conformance(headers, { conf, requests })) test(name, run);
