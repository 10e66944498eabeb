import { fail } from 'node:assert';
import { faultsIn } from '../recording-log.js';
import { open, until } from './servers.js';
import type { Rule } from './subject.js';

const TIMES = 3;

/** What keeps the process alive: timers, sockets, processes, watchers; by kind, how many. */
function running(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function addedSince(before: ReadonlyMap<string, number>): readonly string[] {
  return [...running()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind);
}

export const ending: Rule = {
  name: 'when the server ends, nothing of it goes on',
  async check(subject) {
    const before = running();
    for (let time = 0; time < TIMES; time += 1) {
      const server = await open(subject);
      for (const request of subject.requests) await server.ask(request);
      await server[Symbol.asyncDispose]();
      const [fault] = faultsIn(server.log);
      if (fault !== undefined) fail(`the log says ${fault}`);
    }
    if (await until(() => addedSince(before).length === 0)) return;
    fail(`still there after the server's end: ${addedSince(before).join(', ')}`);
  },
};
