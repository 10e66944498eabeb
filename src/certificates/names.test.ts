import { describe, expect, it } from 'vitest';
import { subjectNames } from './names.js';

const shown = (written: readonly string[]): readonly string[] =>
  subjectNames(written).map((name) => (name.kind === 'dns' ? name.name : name.bytes.toString('hex')));

const LOCAL = ['localhost', '7f000001', '00000000000000000000000000000001'];

describe('the names of a certificate', () => {
  it.each([
    ['example.org', 'example.org'],
    ['EXAMPLE.Org.', 'example.org'],
    ['*.Example.org', '*.example.org'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['*.bücher.example', '*.xn--bcher-kva.example'],
    ['a_b.example', 'a_b.example'],
    ['192.0.2.1', 'c0000201'],
    ['[2001:DB8::1]', '20010db8000000000000000000000001'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['::', '00000000000000000000000000000000'],
    ['1::', '00010000000000000000000000000000'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
  ])('%s is %s', (written, name) => {
    expect(shown([written])).toEqual([name]);
  });

  it('are each in it once, in the order of the configuration', () => {
    expect(shown(['b.example', 'A.example', 'a.example.', '::1', '[0:0::1]'])).toEqual([
      'b.example',
      'a.example',
      '00000000000000000000000000000001',
    ]);
  });

  it('are those of this machine for a server without a name', () => {
    expect(shown([])).toEqual(LOCAL);
    expect(shown(['_'])).toEqual(LOCAL);
    expect(shown(['_', 'a.example'])).toEqual(['a.example']);
  });

  it.each([
    '',
    '*',
    '*.',
    'a.*.example',
    'w*.example',
    '*.*.example',
    'a b',
    'a..b',
    '-a.example',
    'a-.example',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}a`,
    '[::1',
    'fe80::1%eth0',
    'a.example:443',
    'a\0.example',
    '~^www',
  ])('cannot be %j', (written) => {
    expect(() => subjectNames([written])).toThrow('is neither a host name nor an IP address');
  });

  it('are at most 250', () => {
    const many = Array.from({ length: 251 }, (_, index) => `${index}.example`);
    expect(subjectNames(many.slice(1))).toHaveLength(250);
    expect(() => subjectNames(many)).toThrow('at most 250 names, got 251');
  });
});
