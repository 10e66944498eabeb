import { fail } from 'node:assert';
import { faultsIn } from '../recording-log.js';
import { expectSame, isSafe, named } from './answers.js';
import { open } from './servers.js';
import type { Rule } from './subject.js';

/** More than any pool of threads or processes has. */
const AT_ONCE = 24;

export const answered: Rule = {
  name: 'its requests are answered, and a fault has a name',
  async check(subject) {
    for (const request of subject.requests) {
      await using server = await open(subject);
      const { status, complete } = await server.ask(request);
      if (!complete) fail(`${named(request)}: the answer is broken off`);
      const [fault] = faultsIn(server.log);
      if (fault !== undefined) fail(`${named(request)}: ${status}, and the log says ${fault}`);
    }
  },
};

export const repeated: Rule = {
  name: 'the same request is answered the same again',
  async check(subject) {
    for (const request of subject.requests.filter(isSafe)) {
      await using server = await open(subject);
      const first = await server.ask(request);
      expectSame(request, first, await server.ask(request), 'the second time', subject);
    }
  },
};

export const concurrent: Rule = {
  name: `${AT_ONCE} at once are answered as one alone`,
  async check(subject) {
    for (const request of subject.requests) {
      await using alone = await open(subject);
      const first = await alone.ask(request);
      await using server = await open(subject);
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => server.ask(request)));
      for (const answer of answers) {
        // What changes something may be answered otherwise when it is changed already.
        if (isSafe(request)) expectSame(request, first, answer, `${AT_ONCE} at once`, subject);
        else if (answer.status >= 500) fail(`${named(request)}, ${AT_ONCE} at once: ${answer.status}`);
      }
      const [fault] = faultsIn(server.log);
      if (fault !== undefined) fail(`${named(request)}, ${AT_ONCE} at once: the log says ${fault}`);
    }
  },
};

export const separate: Rule = {
  name: 'two servers in one process do not know of each other',
  async check(subject) {
    for (const request of subject.requests) {
      await using server = await open(subject);
      const other = await open(subject);
      const first = await other.ask(request);
      await other[Symbol.asyncDispose]();
      expectSame(request, first, await server.ask(request), 'after another server ended', subject);
      const [fault] = faultsIn(server.log);
      if (fault !== undefined) fail(`${named(request)}, after another server ended: the log says ${fault}`);
    }
  },
};
