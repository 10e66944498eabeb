import { describe, expect, it } from 'vitest';
import { Endpoint } from './router.js';

describe('a host finds its server', () => {
  const endpoint = new Endpoint(
    'first',
    new Map([
      ['example.org', 'exact'],
      ['*.example.org', 'wildcard'],
      ['*.a.example.org', 'longer wildcard'],
      ['constructor', 'odd'],
    ]),
  );

  it.each([
    ['example.org', 'exact'],
    ['www.example.org', 'wildcard'],
    ['x.y.example.org', 'wildcard'],
    ['www.a.example.org', 'longer wildcard'],
    ['example.com', 'first'],
    ['', 'first'],
    ['__proto__', 'first'],
    ['constructor', 'odd'],
    ['notexample.org', 'first'],
  ])('%s is routed to %s', (host, expected) => {
    expect(endpoint.find(host)).toBe(expected);
  });
});
