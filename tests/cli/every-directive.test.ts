import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { builtinPlugins } from '../../src/builtin.js';
import { effectiveConfig } from '../../src/inspect/effective.js';
import { printConfig } from '../../src/inspect/print.js';
import { core } from '../../src/kernel/config/directives/core.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import type { Context, Directive } from '../../src/kernel/contract/directive.js';
import { renderDiagnostics } from '../../src/kernel/diagnostics/render.js';
import { meaning } from './meaning.js';

const builtins = builtinPlugins();
const rows = [core, ...builtins.map(({ directives }) => directives)].flatMap((table) =>
  Object.entries<Directive<unknown>>(table),
);
const cases = rows.flatMap(([name, { contexts, example }]) =>
  contexts.map((context): readonly [string, Context, string | undefined] => [name, context, example]),
);

/** The directive in one kind of block, with inner blocks that inherit it and that set it again. */
function around(name: string, context: Context, example: string): string {
  const inner = name === 'root' ? '' : 'root www;';
  const again = rows.some(([own, { contexts }]) => own === name && contexts.includes('location'));
  if (context === 'main')
    return `${example} server { listen 80; ${inner} location /a { } } server { listen 81; }`;
  if (context === 'server') {
    const below = `location /a { location /a/b { ${again ? example : ''} } } location = /c { }`;
    return `server { listen 80; ${inner} ${example} ${below} } server { listen 81; root w; }`;
  }
  const below = `location /a/b { location /a/b/c { ${example} } } location *.x { } location = /a/z { ${example} }`;
  return `server { listen 80; ${inner} location /a { ${example} ${below} } location /b { } }`;
}

async function ofText(text: string, base: string) {
  const result = await loadConfigText(text, { file: 'test.conf', base, builtins, environment: {} });
  const { config, source, diagnostics } = result;
  if (config === undefined || source === undefined) throw new Error(renderDiagnostics(diagnostics));
  return { config, printed: printConfig(effectiveConfig(config, source), 'test.conf') };
}

describe('--print-config prints a configuration of the same server', () => {
  it.each(cases)('with %s in %s', async (name, context, example) => {
    // Users read the example in the reference and in messages.
    if (example === undefined) throw new Error('it has no example');
    const first = await ofText(around(name, context, example), '/srv/site');
    const second = await ofText(first.printed, '/elsewhere');
    assert.deepEqual(meaning(second.config), meaning(first.config));
  });
});
