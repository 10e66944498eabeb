import { conformance } from '@webserv/server/testing';
import { test } from 'vitest';
import https from './index.js';

const conf = 'https_redirect on; root www;';
const challenge = '/.well-known/acme-challenge/token';
const files = { [`www${challenge}`]: 'proof' };

const requests = ['/', challenge];
const varies = { headers: ['etag', 'last-modified'] };

for (const { name, run } of conformance(https, { conf, files, requests, varies })) test(name, run);
