import { directiveChecks } from '@webserv/server/testing';
import { describe, test } from 'vitest';
import https from './index.js';

/** Hosts of the TLS servers in these cases; no address is bound. */
const TLS = 'ssl_certificate internal;';
const secure = (name: string): string => `server { listen 443 ssl; ${TLS} server_name ${name}; return 200; }`;
const plain = (directives: string): string => `server { listen 80; return 200; ${directives} }`;

const whole = (parameters: string): string => `listen 443 ssl; ${TLS} return 200; hsts ${parameters};`;
const sends = (parameters: string, field: string) => ({
  conf: whole(parameters),
  options: { hsts: { field } },
  warnings: [],
});

describe('hsts', () => {
  const checks = directiveChecks(https, {
    valid: [
      sends('on', 'max-age=31536000'),
      sends('on include_subdomains preload', 'max-age=31536000; includeSubDomains; preload'),
      sends('max-age=300', 'max-age=300'),
      sends('max-age=0', 'max-age=0'),
      sends('max-age=2y preload include_subdomains', 'max-age=63072000; includeSubDomains; preload'),
      { conf: whole('off'), options: { hsts: undefined }, warnings: [] },
      {
        conf: `hsts on;\nserver { listen 443 ssl; ${TLS} return 200; hsts off; }`,
        options: { hsts: undefined },
        warnings: [],
      },
      { conf: 'hsts on; return 200;', warnings: [{ code: 'hsts-without-tls', line: 1, column: 1 }] },
      { conf: `hsts on;\n${plain('')}`, warnings: [] },
    ],
    invalid: [
      ...[
        'maybe',
        '31536000',
        'max-age',
        'max-age=',
        'max-age=1x',
        'max-age=-1',
        'max-age=500ms',
        'MAX-AGE=1',
      ].map((word) => ({
        conf: `hsts ${word};`,
        errors: [
          {
            message: `"hsts": expected "on", "off" or max-age=TIME in whole seconds, got "${word}"`,
            column: 6,
          },
        ],
      })),
      {
        conf: 'hsts "max-age=31536000; includeSubDomains";',
        errors: [
          { message: /^"hsts": expected/, hint: /hsts max-age=31536000 include_subdomains;$/, column: 6 },
        ],
      },
      {
        conf: 'hsts on includeSubDomains;',
        errors: [{ message: /: expected "include_subdomains"/, hint: /include_subdomains/, column: 9 }],
      },
      { conf: 'hsts on preload preload;', errors: ['"hsts": "preload" is given twice'] },
      { conf: 'hsts off preload;', errors: ['"hsts": nothing may follow "off"'] },
      ...[
        'on preload',
        'max-age=364d include_subdomains preload',
        'max-age=0 include_subdomains preload',
      ].map((parameters) => ({
        conf: `hsts ${parameters};`,
        errors: ['"hsts": "preload" needs "include_subdomains" and a max-age of at least a year'],
      })),
    ],
  });
  for (const { name, run } of checks) test(name, run);
});

describe('https_redirect', () => {
  const code = 'https-redirect';
  const without = (conf: string, message: RegExp) => ({ conf, warnings: [{ code, message, line: 1 }] });
  const checks = directiveChecks(https, {
    valid: [
      {
        conf: `${plain('server_name a.test b.a.test; https_redirect on;')} ${secure('a.test *.a.test')}`,
        warnings: [],
      },
      { conf: `${plain('server_name *.a.test; https_redirect on;')} ${secure('*.a.test')}`, warnings: [] },
      { conf: `${plain('https_redirect on;')} ${secure('a.test')}`, warnings: [] },
      { conf: `https_redirect on;\n${secure('a.test')}`, warnings: [] },
      {
        conf: `server { listen 80; listen 443 ssl; ${TLS} server_name a.test; https_redirect on; return 200; }`,
        warnings: [],
      },
      without(
        `${plain('https_redirect on; location /a { }')}`,
        /^"https_redirect" has no server to redirect to/,
      ),
      without(
        `${plain('server_name a.test b.test; https_redirect on; location /a { return 200; }')} ${secure('a.test')}`,
        /^no TLS server is called "b\.test":/,
      ),
      without(
        `${plain('server_name *.a.test; https_redirect on;')} ${secure('b.a.test')}`,
        /^no TLS server is called "\*\.a\.test":/,
      ),
      without(
        `${plain('https_redirect on;')} server { listen 443 ssl; ssl_reject_handshake on; return 200; }`,
        /has no server to redirect to/,
      ),
      without(
        `server { listen 443 ssl; ${TLS} https_redirect on; return 200; }`,
        /^"https_redirect" has no effect: no TCP address of this server is without TLS$/,
      ),
    ],
    invalid: [{ conf: 'https_redirect 301;', errors: [/: expected "on" or "off"/] }],
  });
  for (const { name, run } of checks) test(name, run);
});
