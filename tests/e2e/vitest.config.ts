import { defineConfig } from 'vitest/config';

/** The real command on the demonstration site: one server, so one file after the other. */
export default defineConfig({
  test: {
    dir: 'tests/e2e',
    include: ['**/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
