import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // The tests run the sources; plugins import the package by its own name, as a plugin from npm would.
    alias: [
      { find: /^@webserv\/server\/testing$/, replacement: source('./src/testing.ts') },
      { find: /^@webserv\/server$/, replacement: source('./src/index.ts') },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'plugins/**/*.test.ts', 'tests/**/*.test.ts'],
    // A suite of its own, one after the other: npm run faults.
    exclude: ['**/node_modules/**', 'tests/faults/**'],
    testTimeout: 20_000,
  },
});
