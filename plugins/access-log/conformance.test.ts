import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import accessLog from './index.js';

const conf = 'access_log access.log json; return 200 text;';
const requests = ['/', { method: 'POST', body: 'some content' }];

for (const { name, run } of conformance(accessLog, { conf, requests })) test(name, run);
