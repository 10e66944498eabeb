import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    expect: { poll: { timeout: 30_000 } },
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['tests/faults/*.test.ts'],
    // Each test measures a server under load: two in parallel would measure each other.
    fileParallelism: false,
    testTimeout: 90_000,
  },
});
