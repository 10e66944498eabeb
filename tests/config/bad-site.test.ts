import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtinPlugins } from '../../src/builtin.js';
import type { CompiledConfig } from '../../src/kernel/config/compile/compiled-config.js';
import { loadConfig } from '../../src/kernel/config/files/load.js';
import { ConfigError } from '../../src/kernel/diagnostics/config-error.js';
import type { Diagnostic } from '../../src/kernel/diagnostics/diagnostic.js';
import { renderDiagnostics } from '../../src/kernel/diagnostics/render.js';
import { createLog, stderrTarget } from '../../src/kernel/log/error-log.js';
import { assemble, preview } from '../../src/kernel/server/assembly.js';

/**
 * Configurations in which the built-in plugins find something, each with what is said beside it in `.txt`. After a change
 * on purpose: `npx vitest run tests/config/bad-site.test.ts -u`, and read the difference.
 */
const folder = fileURLToPath(new URL('./bad-site', import.meta.url));
const files = readdirSync(folder).filter((name) => !name.endsWith('.txt'));

async function foundByPlugins(config: CompiledConfig): Promise<readonly Diagnostic[]> {
  try {
    const { warnings, dispose } = await assemble(config, createLog('error', stderrTarget()));
    await dispose();
    return warnings;
  } catch (error) {
    if (error instanceof ConfigError) return error.diagnostics;
    throw error;
  }
}

describe('plugins say what is wrong with a site', () => {
  it.each(files)('%s', async (file) => {
    const { config, diagnostics } = await loadConfig(join(folder, file), {
      builtins: builtinPlugins(),
      environment: {},
      preview,
    });
    const found = config === undefined ? [] : await foundByPlugins(config);
    const text = renderDiagnostics([...diagnostics, ...found]).replaceAll(folder, '/sites');
    await expect(text).toMatchFileSnapshot(join(folder, `${basename(file)}.txt`));
  });
});
