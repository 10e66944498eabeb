import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './tests/slowest-first.js';
import { sourceAliases } from './tests/source-aliases.js';

/**
 * Suites of their own: `npm run faults` (one after the other), probes (needs them beside the checkout), packages
 * (installs from the registry) and TLS (needs the `openssl` command).
 */
const otherSuites = [
  '**/node_modules/**',
  'tests/faults/**',
  'tests/packages/**',
  'tests/probes/**',
  'tests/tls/**',
];

/** Measures response times: no other file may run meanwhile. */
const alone = ['tests/hostile/crowd.test.ts'];

/**
 * Files that need a new process: they mock a module that others have imported, or count the process's descriptors, of which
 * an earlier file may still be closing some.
 */
const isolated = ['plugins/cgi/child/launcher.test.ts', 'plugins/upload/without-links.test.ts'];

/**
 * At least five, also on two cores: half of the files mostly wait, for timeouts or for processes they have started, while
 * the others need the processor. With four, all of them wait for a tenth of the time.
 */
const workers = Math.max(5, availableParallelism());

export default defineConfig({
  resolve: { alias: sourceAliases },
  test: {
    // A busy machine takes several times as long. Tests that check a bound measure it themselves.
    testTimeout: 60_000,
    // Vitest's own limit is 1 s: a busy machine takes longer for what it does in 50 ms otherwise.
    expect: { poll: { timeout: 30_000 } },
    maxConcurrency: 10,
    // Packages are imported as Node imports them. Vitest's wrapper costs a call for each use of an import.
    deps: { interopDefault: false },
    sequence: { sequencer: SlowestFirst },
    // Vitest transforms the sources for each project; with the cache the first project does it for all.
    experimental: { fsModuleCache: true },
    // The projects with the same `groupOrder` run side by side, the groups one after the other.
    projects: [
      {
        extends: true,
        test: {
          name: 'isolated',
          include: isolated,
          maxWorkers: workers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['src/**/*.test.ts', 'plugins/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [...otherSuites, ...alone, ...isolated],
          // The files share the workers' processes: another process that imports the sources takes 1 s of processor time.
          isolate: false,
          maxWorkers: workers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          isolate: false,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
