import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtinPlugins, publicEntries } from '../../src/builtin.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import { blocksOf } from './page.js';

const page = await readFile(fileURLToPath(new URL('../../docs/tls.md', import.meta.url)), 'utf8');
const configurations = blocksOf(page).filter(({ language }) => language === 'nginx');

/** The page's directories are those of a server, and need not exist here. */
const ABSENT = 'missing-root';

describe('docs/tls.md', () => {
  it('shows configurations and commands', () => {
    expect(configurations.length).toBeGreaterThan(10);
    expect(blocksOf(page).map(({ language }) => language)).toEqual(
      expect.not.arrayContaining([expect.not.stringMatching(/^(?:nginx|sh)$/)]),
    );
  });

  it.each(configurations.map(({ line, text }) => [line, text] as const))(
    'shows in line %i a configuration without errors or warnings',
    async (_line, text) => {
      const { diagnostics } = await loadConfigText(text, {
        file: 'tls.conf',
        base: '/etc/webserv',
        builtins: builtinPlugins(),
        entries: publicEntries(),
      });
      const found = diagnostics.filter(({ code }) => code !== ABSENT && code !== 'runs-as-root');
      expect(found).toEqual([]);
    },
  );
});
