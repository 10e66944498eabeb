import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    expect: { poll: { timeout: 30_000 } },
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['tests/packages/*.test.ts'],
    // The tests install packages.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
