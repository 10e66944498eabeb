import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest. They begin first: started last, a single file would keep the whole run waiting. */
const SLOWEST = [
  'tests/hostile/cgi.test.ts',
  'tests/hostile/slow-readers.test.ts',
  'tests/process/process.test.ts',
  'tests/process/losses.test.ts',
  'tests/process/watch-edits.test.ts',
  'tests/hostile/static-paths.test.ts',
  'tests/config/hostile.test.ts',
  'tests/process/hang.test.ts',
  'tests/process/systemd.test.ts',
  'tests/process/watch-served.test.ts',
  'plugins/basic-auth/index.test.ts',
  'tests/hostile/resets.test.ts',
  'src/testing/conformance/conformance.test.ts',
  'src/kernel/log/log-file.test.ts',
  'plugins/cgi/index.test.ts',
  'tests/hostile/pipelining.test.ts',
  'tests/cli/loader-process.test.ts',
  'tests/hostile/half-closed.test.ts',
  'plugins/static/cache.test.ts',
];

/**
 * Sorts isolated files first, the slowest ones at the front. Files that share a worker process follow together: Vitest ends
 * a shared process when an isolated file is next in the queue.
 */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const at = SLOWEST.findIndex((file) => moduleId.endsWith(`/${file}`));
      return (project.config.isolate ? 0 : SLOWEST.length + 1) + (at < 0 ? SLOWEST.length : at);
    };
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}
