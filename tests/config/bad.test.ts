import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { publicEntries } from '../../src/builtin.js';
import { loadConfig } from '../../src/kernel/config/files/load.js';
import { codes } from '../../src/kernel/diagnostics/codes.js';
import { renderDiagnostics } from '../../src/kernel/diagnostics/render.js';
import { sample } from './fixture.js';

const entries = publicEntries();

/**
 * Every file in `bad/` with what is said about it, beside it in `.txt`. After a change on purpose:
 * `npx vitest run tests/config/bad.test.ts -u`, and read the difference.
 */
const folder = fileURLToPath(new URL('./bad', import.meta.url));
const files = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.name.endsWith('.txt'))
  .map(({ name }) => name);

describe('is refused with the diagnostics beside it', () => {
  it.each(files)('%s', async (file) => {
    const { config, diagnostics } = await loadConfig(join(folder, file), {
      builtins: [sample],
      entries,
      environment: { EMPTY: '', WEB_ROOT: 'bad' },
    });
    const expected = join(folder, `${basename(file)}.txt`);
    await expect(renderDiagnostics(diagnostics)).toMatchFileSnapshot(expected);
    const isOnlyWarned = file.startsWith('warning-');
    expect(config === undefined).toBe(!isOnlyWarned);
    for (const { code } of diagnostics) expect(codes).toHaveProperty(code);
  });
});
