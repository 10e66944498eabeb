import { fail } from 'node:assert';
import { errorsIn } from '../recording-log.js';
import { open, until } from './servers.js';
import type { Rule } from './subject.js';

const TIMES = 3;

/** Counts the resources that keep the process alive, by kind: timers, sockets, processes, watchers. */
function running(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function addedSince(before: ReadonlyMap<string, number>): readonly string[] {
  return [...running()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind);
}

export const ending: Rule = {
  name: 'after the server has ended, nothing keeps running',
  async check(subject) {
    const before = running();
    for (let time = 0; time < TIMES; time += 1) {
      const server = await open(subject);
      for (const request of subject.requests) await server.ask(request);
      await server[Symbol.asyncDispose]();
      const [error] = errorsIn(server.log);
      if (error !== undefined) fail(`the error log has ${error}`);
    }
    if (await until(() => addedSince(before).length === 0)) return;
    fail(`still active after the server has ended: ${addedSince(before).join(', ')}`);
  },
};
