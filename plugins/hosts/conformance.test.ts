import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import hosts from './index.js';

const conf = 'allow_hosts loopback; return 200 text;';
const requests = ['/', { path: '/', headers: { Host: 'evil.example' } }];

for (const { name, run } of conformance(hosts, { conf, requests })) test(name, run);
