import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { sourceAliases } from '../source-aliases.js';

export default defineConfig({
  resolve: { alias: sourceAliases },
  test: {
    expect: { poll: { timeout: 30_000 } },
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['tests/tls/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    deps: { interopDefault: false },
    isolate: false,
  },
});
