import { fail } from 'node:assert';
import type { Answer } from '../answer.js';
import type { FullRequest } from '../request.js';
import { named, settledHeaders } from './answers.js';
import { open } from './servers.js';
import type { Rule, Subject } from './subject.js';

/** RFC 9110 §9.3.2: what only the content's making would tell may be left out, but not be told wrongly. */
function compare(get: Answer, head: Answer, subject: Subject, name: string): void {
  if (head.status !== get.status) fail(`${name}: HEAD is ${head.status} where GET is ${get.status}`);
  const told = settledHeaders(get, subject);
  const toldOfHead = settledHeaders(head, subject);
  const missing = told.filter((line) => !toldOfHead.includes(line));
  const added = toldOfHead.filter((line) => !told.includes(line));
  if (missing.length > 0) fail(`${name}: HEAD lacks ${missing.join(', ')}`);
  if (added.length > 0) fail(`${name}: only HEAD has ${added.join(', ')}`);
  const length = head.headers.get('content-length');
  if (subject.contentVaries || length === null) return;
  if (Number(length) !== get.content.length)
    fail(`${name}: HEAD says Content-Length ${length}, GET sends ${get.content.length} bytes`);
}

/** A range is something only GET has (RFC 9110 §14.2). */
function isWholeGet({ method, headers }: FullRequest): boolean {
  return method === 'GET' && !headers.some(([name]) => name.toLowerCase() === 'range');
}

export const head: Rule = {
  name: 'HEAD is answered as GET, without content',
  async check(subject) {
    for (const request of subject.requests.filter(isWholeGet)) {
      await using server = await open(subject);
      const get = await server.ask(request);
      const answer = await server.ask({ ...request, method: 'HEAD' });
      compare(get, answer, subject, named(request));
    }
  },
};
