import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import redirect from './index.js';

const conf = `
location /old { return 301 /new?$args; }
location /text { return 200 "for $remote_addr"; }
location /gone { return 410; }
`;
const requests = ['/old?a', '/text', '/gone', { method: 'POST', path: '/text', body: 'some content' }];

for (const { name, run } of conformance(redirect, { conf, requests })) test(name, run);
