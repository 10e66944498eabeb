import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinPlugins } from '../../src/builtin.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import { renderDiagnostics } from '../../src/kernel/diagnostics/render.js';
import { createLog, stderrTarget } from '../../src/kernel/log/error-log.js';
import { assemble } from '../../src/kernel/server/assembly.js';
import { character } from '../properties/characters.js';
import { load } from './fixture.js';

/**
 * Loading ends either with a configuration or with errors, never with an exception and never with both. Checks with
 * node:assert, because `expect` for each of 200 findings takes longer than many a text.
 */
async function survives(text: string, file = 'test.conf'): Promise<void> {
  const { config, diagnostics } = await load(text, { file });
  const isRefused = diagnostics.some(({ severity }) => severity === 'error');
  assert.equal(config === undefined, isRefused);
  assert.ok(diagnostics.length <= 201);
  for (const { place } of diagnostics) {
    if (place === undefined) continue;
    assert.ok(place.line >= 1 && place.column >= 1 && place.length >= 1);
  }
  const rendered = renderDiagnostics(diagnostics, { colour: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not come through
  assert.doesNotMatch(rendered.replaceAll(/\u001b\[(?:1|22|3[1369])m/g, ''), /[\x00-\x08\x0b-\x1f\x7f]/);
}

/** More than the arguments that V8 accepts in a call: a list of them must not be spread. */
const MANY = 130_000;

/** Repeats a piece: short ones, which are often only scanned, more often than whole directives and blocks. */
const flood = (piece: string): string => piece.repeat(piece.length <= 3 ? MANY : 2500);

const floods = [
  '{',
  '}',
  ';',
  '"',
  "'",
  '\\',
  '#',
  '#\n',
  '$',
  '${',
  '${A',
  `\${A}`,
  '${A:-',
  '"${A:-" ',
  '"\n\'\n',
  'a ',
  'a;',
  'a\n',
  'a{',
  'a{}',
  'a "b\n',
  'server{',
  'server{listen 80;}',
  'server{listen 80;location /{}}',
  'location / {',
  'include x;',
  'include *;',
  'load_plugin x;',
  'types{',
  '\t',
  '\r\n',
  '\0',
  '\ufeff',
  '\ud800',
  'é',
];

// Time that grows with the square of the size exceeds this limit.
describe('a flood of', { timeout: 15_000 }, () => {
  it.each(floods)('%j', (piece) => survives(flood(piece)));
});

describe('a line of', () => {
  it('one word of a megabyte', () => survives('x'.repeat(1_000_000)));
  it('arguments', () => survives(`server { listen 80; index ${'a '.repeat(MANY)}; }`));
  it('names', () => survives(`server { listen 80; server_name ${'a.b '.repeat(MANY)}; }`));
});

const objectFloods = [
  '{',
  '[',
  '- ',
  '? ',
  'a: ',
  '{a: ',
  '"',
  ',',
  '}',
  '&a ',
  '*a ',
  '!',
  '%',
  '#\n',
  '---\n',
  '>\n',
  '\n',
  '\0',
  '"a":1,',
];

/** Less than of the language: the yaml package takes seconds for a megabyte of some of these. */
const YAML_FLOOD = 20_000;

describe('a flood of YAML made of', () => {
  it.each(objectFloods)('%j', (piece) => survives(piece.repeat(YAML_FLOOD / piece.length), 'test.yaml'));

  it('a list that is never closed', () => survives(`[${','.repeat(YAML_FLOOD)}`, 'test.json'));

  it('an object of many keys', async () => {
    const keys = Array.from({ length: 2500 }, (_, index) => `k${index}: 1`);
    await survives(keys.join('\n'), 'test.yaml');
  });

  // The yaml package recurses, and V8 aborts the process when a regular expression finds no stack left.
  it('opening braces of JSON', () => survives('{'.repeat(30_000), 'test.json'));
});

it('aliases that would make a billion values end in one error', async () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 10; level += 1) {
    const inner = Array.from({ length: 10 }, () => `*a${level - 1}`);
    lines.push(`a${level}: &a${level} [${inner.join(', ')}]`);
  }
  const { config, diagnostics } = await load(lines.join('\n'), { file: 'test.yaml' });
  expect(config).toBeUndefined();
  expect(diagnostics.map(({ code }) => code)).toEqual(['too-large']);
});

describe('any text at all', () => {
  const pieces = fc.constantFrom(
    ...floods,
    ...['listen 80;', 'server {', 'root www;', 'error_page 404 /x;', 'autoindex on;', '*.php', '= /a', '\n'],
  );

  it('is a configuration or an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: character }), (text) => survives(text)),
      { numRuns: 150 },
    );
  });

  it('made of pieces of configurations is a configuration or an error', async () => {
    const text = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, (made) => survives(made)),
      { numRuns: 150 },
    );
  });

  it('is a configuration or an error as YAML and as JSON', async () => {
    const yamlPieces = fc.constantFrom(
      ...objectFloods,
      ...[
        'server:\n',
        '  listen: 80\n',
        '  location:\n',
        '    /: {}\n',
        '{"server":',
        '{"listen":80}',
        '*x',
        '&x',
      ],
    );
    const text = fc.array(yamlPieces, { maxLength: 40 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom('test.yaml', 'test.json'), (made, file) => survives(made, file)),
      { numRuns: 150 },
    );
  });

  it('that is JSON is a configuration or an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), (text) => survives(text, 'test.json')),
      { numRuns: 100 },
    );
  });
});

it('beyond two hundred errors only their number is reported', async () => {
  const { diagnostics } = await load(`server { listen 80; ${'autoindx on; '.repeat(205)} }`);
  expect(diagnostics).toHaveLength(201);
  expect(diagnostics.at(-1)).toMatchObject({
    code: 'too-many-mistakes',
    message: '5 more findings are not shown',
  });
});

/** Loads servers of twenty locations and builds their routes. @returns the processor time that this took, and counts */
async function loadServers(count: number): Promise<{ seconds: number; sites: number; routesOfLast: number }> {
  const locations = Array.from(
    { length: 20 },
    (_, index) =>
      `  location /part${index} {\n    root www/${index};\n    autoindex on;\n    index a.html b.html;\n  }\n`,
  ).join('');
  const servers = Array.from(
    { length: count },
    (_, index) =>
      `server {\n  listen 8080;\n  server_name s${index}.example.org;\n  root www;\n${locations}}\n`,
  );
  const builtins = builtinPlugins();
  const before = process.cpuUsage();
  const { config } = await loadConfigText(servers.join(''), { file: 'test.conf', base: '/srv', builtins });
  if (config === undefined) throw new Error('no configuration');
  const { sites, dispose } = await assemble(config, createLog('error', stderrTarget()));
  const { user, system } = process.cpuUsage(before);
  const routesOfLast = [...(sites[count - 1]?.table.routes() ?? [])].length;
  await dispose();
  return { seconds: (user + system) / 1e6, sites: sites.length, routesOfLast };
}

it('150 servers of twenty locations cost no more for each server than 25 do', async () => {
  const few = await loadServers(25);
  const many = await loadServers(150);
  expect(many).toMatchObject({ sites: 150, routesOfLast: 21 });
  // Six times as many, and garbage collection on top of it: 2 to 3 times the processor time was measured, because the first
  // servers also pay for the compilation of what runs often. What grows with the square takes 36 times as much.
  expect(many.seconds / few.seconds).toBeLessThan(12);
});
