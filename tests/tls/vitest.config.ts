import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SlowestFirst } from '../slowest-first.js';
import { sourceAliases } from '../source-aliases.js';
import { NOT_OVER_TLS } from './over/left-out.js';

const kit = {
  find: /^@webserv\/server\/testing$/,
  replacement: fileURLToPath(new URL('over/testing.ts', import.meta.url)),
};

/** TLS itself, then the suites of HTTP and of hostile clients once more, encrypted. */
export default defineConfig({
  test: {
    expect: { poll: { timeout: 30_000 } },
    root: fileURLToPath(new URL('../..', import.meta.url)),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxConcurrency: 10,
    deps: { interopDefault: false },
    isolate: false,
    maxWorkers: Math.max(4, availableParallelism()),
    sequence: { sequencer: SlowestFirst },
    experimental: { fsModuleCache: true },
    projects: [
      {
        extends: true,
        resolve: { alias: sourceAliases },
        test: { name: 'tls', include: ['tests/tls/**/*.test.ts'] },
      },
      {
        extends: true,
        resolve: { alias: [kit, ...sourceAliases] },
        test: {
          name: 'over TLS',
          include: ['tests/rfc9110/*.test.ts', 'tests/rfc9112/*.test.ts', 'tests/hostile/*.test.ts'],
          exclude: Object.keys(NOT_OVER_TLS),
          globalSetup: fileURLToPath(new URL('over/certificate.ts', import.meta.url)),
          env: { WEBSERV_TEST_TRANSPORT: 'tls', NODE_TLS_REJECT_UNAUTHORIZED: '0' },
        },
      },
    ],
  },
});
