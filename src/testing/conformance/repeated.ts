import { fail } from 'node:assert';
import { errorsIn } from '../recording-log.js';
import { expectSame, isSafe, named } from './compare.js';
import { open } from './servers.js';
import type { Rule } from './subject.js';

/** More than the size of any pool of threads or processes. */
const CONCURRENT = 24;

export const responds: Rule = {
  name: 'its requests get complete responses without errors in the log',
  async check(subject) {
    for (const request of subject.requests) {
      await using server = await open(subject);
      const { status, complete } = await server.ask(request);
      if (!complete) fail(`${named(request)}: the response is incomplete`);
      const [error] = errorsIn(server.log);
      if (error !== undefined) fail(`${named(request)}: status ${status}, and the error log has ${error}`);
    }
  },
};

export const repeated: Rule = {
  name: 'a repeated request gets the same response',
  async check(subject) {
    for (const request of subject.requests.filter(isSafe)) {
      await using server = await open(subject);
      const first = await server.ask(request);
      expectSame(request, first, await server.ask(request), 'the second time', subject);
    }
  },
};

export const concurrent: Rule = {
  name: `${CONCURRENT} concurrent requests get the same response as a single one`,
  async check(subject) {
    for (const request of subject.requests) {
      await using alone = await open(subject);
      const first = await alone.ask(request);
      await using server = await open(subject);
      const responses = await Promise.all(Array.from({ length: CONCURRENT }, () => server.ask(request)));
      for (const response of responses) {
        // A request that changes something may get another response after the change.
        if (isSafe(request))
          expectSame(request, first, response, `${CONCURRENT} concurrent requests`, subject);
        else if (response.status >= 500)
          fail(`${named(request)}, ${CONCURRENT} concurrent requests: status ${response.status}`);
      }
      const [error] = errorsIn(server.log);
      if (error !== undefined)
        fail(`${named(request)}, ${CONCURRENT} concurrent requests: the error log has ${error}`);
    }
  },
};

export const separate: Rule = {
  name: 'two servers in one process do not affect each other',
  async check(subject) {
    for (const request of subject.requests) {
      await using server = await open(subject);
      const other = await open(subject);
      const first = await other.ask(request);
      await other[Symbol.asyncDispose]();
      expectSame(request, first, await server.ask(request), 'after another server ended', subject);
      const [error] = errorsIn(server.log);
      if (error !== undefined)
        fail(`${named(request)}, after another server ended: the error log has ${error}`);
    }
  },
};
