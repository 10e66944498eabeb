import { fail } from 'node:assert';
import type { ReceivedResponse } from '../received-response.js';
import type { FullRequest } from '../request.js';
import { comparableHeaders, named } from './compare.js';
import { open } from './servers.js';
import type { Rule, Subject } from './subject.js';

/** RFC 9110 §9.3.2: HEAD may omit fields whose values depend on generating the body, but may not send wrong ones. */
function compare(get: ReceivedResponse, head: ReceivedResponse, subject: Subject, name: string): void {
  if (head.status !== get.status) fail(`${name}: HEAD has status ${head.status}, GET has ${get.status}`);
  const ofGet = comparableHeaders(get, subject);
  const ofHead = comparableHeaders(head, subject);
  const missing = ofGet.filter((line) => !ofHead.includes(line));
  const added = ofHead.filter((line) => !ofGet.includes(line));
  if (missing.length > 0) fail(`${name}: HEAD lacks ${missing.join(', ')}`);
  if (added.length > 0) fail(`${name}: only HEAD has ${added.join(', ')}`);
  const length = head.headers.get('content-length');
  if (subject.contentVaries || length === null) return;
  if (Number(length) !== get.content.length)
    fail(`${name}: HEAD says Content-Length ${length}, GET sends ${get.content.length} bytes`);
}

/** Only GET supports Range (RFC 9110 §14.2). */
function isWholeGet({ method, headers }: FullRequest): boolean {
  return method === 'GET' && !headers.some(([name]) => name.toLowerCase() === 'range');
}

export const head: Rule = {
  name: 'HEAD gives the same response as GET, without the body',
  async check(subject) {
    for (const request of subject.requests.filter(isWholeGet)) {
      await using server = await open(subject);
      const get = await server.ask(request);
      const response = await server.ask({ ...request, method: 'HEAD' });
      compare(get, response, subject, named(request));
    }
  },
};
