import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // The tests run the sources; plugins import the package by its own name, as a plugin from npm would.
    alias: [
      { find: /^@webserv\/server\/testing$/, replacement: source('./src/testing/index.ts') },
      { find: /^@webserv\/server\/config$/, replacement: source('./src/define-config.ts') },
      { find: /^@webserv\/server$/, replacement: source('./src/index.ts') },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'plugins/**/*.test.ts', 'tests/**/*.test.ts'],
    // Suites of their own: npm run faults (one after the other), probes (needs them beside the checkout) and packages
    // (installs from the registry).
    exclude: ['**/node_modules/**', 'tests/faults/**', 'tests/probes/**', 'tests/packages/**'],
    testTimeout: 20_000,
  },
});
