import { defineConfig } from 'vitest/config';

/** Runs the real command on the demonstration site. All files share one server, so they run one after the other. */
export default defineConfig({
  test: {
    expect: { poll: { timeout: 30_000 } },
    dir: 'tests/e2e',
    globalSetup: 'tests/e2e/state-directory.ts',
    include: ['**/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
