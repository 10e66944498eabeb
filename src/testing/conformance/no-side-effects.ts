import { fail } from 'node:assert';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assemble } from '../../kernel/server/assembly.js';
import { readTestConfig, valid } from '../configuration.js';
import { makeDirectory } from '../files.js';
import { recordingLog } from '../recording-log.js';
import type { Rule } from './subject.js';

/** Lists the files below a directory, each with the metadata that changes when it is modified. */
async function trace(directory: string): Promise<ReadonlyMap<string, string>> {
  const seen = new Map<string, string>();
  const names = await readdir(directory, { recursive: true });
  for (const name of ['.', ...names]) {
    const { ino, size, mtimeMs, ctimeMs } = await lstat(join(directory, name));
    seen.set(name, [ino, size, mtimeMs, ctimeMs].join());
  }
  return seen;
}

/** A system request, such as closing a file that was read: it ends by itself. */
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
export const noSideEffects: Rule = {
  name: 'setup and apply start nothing and modify no files',
  async check({ conf, files, plugin, plugins }) {
    const folder = await makeDirectory(files);
    try {
      const { config } = valid(await readTestConfig(conf, folder.directory, [plugin, ...plugins]));
      const before = await trace(folder.directory);
      const runningBefore = kinds();
      const assembly = await assemble(config, recordingLog().log);
      const started = [...kinds()].find(([kind, count]) => count > (runningBefore.get(kind) ?? 0));
      await assembly.dispose();
      const touched = firstDifference(before, await trace(folder.directory));
      if (started !== undefined)
        fail(`a ${started[0]} is active before serve: start it in the serve method of the plugin's state`);
      if (touched !== undefined)
        fail(`${touched} was modified before serve: only serve and requests may modify files`);
    } finally {
      await folder.remove();
    }
  },
};
