import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { builtinPlugins } from '../../src/builtin.js';
import { referenceOf } from '../../src/inspect/reference.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import { codes } from '../../src/kernel/diagnostics/codes.js';
import { sample } from './fixture.js';

const page = fileURLToPath(new URL('../../docs/configuration.md', import.meta.url));
const START = '<!-- reference: printed from the directive tables -->';
const END = '<!-- end of the reference -->';

/** After a change of a table: `UPDATE_REFERENCE=1 npx vitest run tests/config/reference.test.ts`. */
it('docs/configuration.md holds the reference printed from the directive tables', async () => {
  const text = await readFile(page, 'utf8');
  const start = text.indexOf(START) + START.length;
  const end = text.indexOf(END);
  const reference = `\n\n${referenceOf(builtinPlugins())}\n\n`;
  if (process.env.UPDATE_REFERENCE === '1') {
    await writeFile(page, text.slice(0, start) + reference + text.slice(end));
    return;
  }
  expect(text.slice(start, end)).toBe(reference);
});

it('the reference tells where a directive may stand, its default and how it inherits', () => {
  const reference = referenceOf([sample]);
  expect(reference).toContain('#### `cache SIZE;`\n\nMemory for files.\n\nIn main. Default: `0`.\n');
  expect(reference).toContain('In server, location. Default: `off`. Inherited.\nExample: `autoindex on;`');
  expect(reference).toContain('In server, location. Default: `off`. Not inherited.');
  expect(reference).toContain('May be repeated. Default: none. Added to what the blocks around it have.');
  expect(reference).toContain('Also called `alias`.');
  for (const code of Object.keys(codes)) expect(reference).toContain(`| \`${code}\` |`);
});

it('every example of a directive is one that works where it may stand', async () => {
  const builtins = builtinPlugins();
  const reference = referenceOf(builtins);
  const examples = [...reference.matchAll(/\nIn ([a-z, ]+)\..*\n(?:Also.*\n)?Example: `(.+)`/g)];
  expect(examples.length).toBeGreaterThan(20);
  for (const [, where = '', example = ''] of examples) {
    if (/^(?:include|load_plugin) /.test(example)) continue; // names what is not there
    const place = where.includes('location') ? 'location' : where.includes('server') ? 'server' : 'main';
    const listen = example.startsWith('listen') ? '' : 'listen 80;';
    const text = {
      main: `${example}\n${example.startsWith('server {') ? '' : 'server { listen 80; }'}`,
      server: `server { ${listen} ${example} }`,
      location: `server { listen 80; location / { ${example.replace('location /img', 'location /in')} } }`,
    }[place];
    const { diagnostics } = await loadConfigText(text, { file: 'x.conf', base: '/srv/site', builtins });
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect({ example, errors }).toEqual({ example, errors: [] });
  }
});

it('every configuration the page shows is one that works', async () => {
  const text = await readFile(page, 'utf8');
  const builtins = builtinPlugins();
  const blocks = [...text.matchAll(/```(nginx|yaml|json)\n([\s\S]*?)```/g)];
  expect(blocks.length).toBeGreaterThan(5);
  for (const [, form = '', block = ''] of blocks) {
    const isConf = form === 'nginx';
    // Fragments of a configuration are shown as the content of a server.
    const whole = !isConf || /^server |^http/m.test(block) ? block : `server { listen 80; ${block} }`;
    const { diagnostics } = await loadConfigText(whole, {
      file: isConf ? 'x.conf' : `x.${form}`,
      base: '/srv/site',
      builtins,
      environment: { HOME: '/home/me' },
    });
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect({ block, errors }).toEqual({ block, errors: [] });
  }
});
