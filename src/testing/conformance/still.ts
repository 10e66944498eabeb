import { fail } from 'node:assert';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assemble } from '../../kernel/server/assembly.js';
import { readTestConfig, valid } from '../configuration.js';
import { makeFolder } from '../files.js';
import { recordingLog } from '../recording-log.js';
import type { Rule } from './subject.js';

/** What there is below a directory, each with what changes when somebody touches it. */
async function trace(directory: string): Promise<ReadonlyMap<string, string>> {
  const seen = new Map<string, string>();
  const names = await readdir(directory, { recursive: true });
  for (const name of ['.', ...names]) {
    const { ino, size, mtimeMs, ctimeMs } = await lstat(join(directory, name));
    seen.set(name, [ino, size, mtimeMs, ctimeMs].join());
  }
  return seen;
}

/** A request of the system, such as closing a file that was read: it ends by itself. */
const REQUEST = /Req(?:Wrap|Callback|Promise)?$/;

function kinds(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo().filter((name) => !REQUEST.test(name)))
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function firstDifference<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): string | undefined {
  return [...before.keys(), ...after.keys()].find((name) => before.get(name) !== after.get(name));
}

/** `webserv --test` and `explain` go as far as `apply`. */
export const still: Rule = {
  name: 'setup and apply start nothing and touch no file',
  async check({ conf, files, plugin, plugins }) {
    const folder = await makeFolder(files);
    try {
      const { config } = valid(await readTestConfig(conf, folder.directory, [plugin, ...plugins]));
      const before = await trace(folder.directory);
      const runningBefore = kinds();
      const assembly = await assemble(config, recordingLog().log);
      const started = [...kinds()].find(([kind, count]) => count > (runningBefore.get(kind) ?? 0));
      await assembly.dispose();
      const touched = firstDifference(before, await trace(folder.directory));
      if (started !== undefined)
        fail(`before serve there is a ${started[0]} already: it belongs in the serve of the plugin's state`);
      if (touched !== undefined)
        fail(`${touched} was touched before serve: only serve and requests may change files`);
    } finally {
      await folder.remove();
    }
  },
};
