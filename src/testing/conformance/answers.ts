import { fail } from 'node:assert';
import type { Answer } from '../answer.js';
import type { FullRequest } from '../request.js';
import type { Subject } from './subject.js';

/** `POST /a`, for messages. */
export function named({ method, path }: Pick<FullRequest, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

/** Methods that change nothing (RFC 9110 §9.2.1). */
export function isSafe({ method }: FullRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** Fields that differ with the moment, and those that tell of the content, which is looked at itself. */
const UNSETTLED: ReadonlySet<string> = new Set([
  'age',
  'content-length',
  'date',
  'server-timing',
  'transfer-encoding',
]);

/** The header fields in which two answers to the same request should agree. */
export function settledHeaders({ headers }: Answer, { varyingHeaders }: Subject): readonly string[] {
  return [...headers]
    .filter(([name]) => !UNSETTLED.has(name) && !varyingHeaders.has(name))
    .map(([name, value]) => `${name}: ${value}`);
}

/**
 * @param circumstance what was different when the other answer was given
 * @throws Error when two answers to the same request differ in what does not vary
 */
export function expectSame(
  request: FullRequest,
  first: Answer,
  other: Answer,
  circumstance: string,
  subject: Subject,
): void {
  const differs = (what: string, one: string, two: string): never =>
    fail(`${named(request)}, ${circumstance}: ${what} ${two} instead of ${one} (by design? see "varies")`);
  if (first.status !== other.status)
    fail(`${named(request)}, ${circumstance}: the status is ${other.status} instead of ${first.status}`);
  if (!other.complete) fail(`${named(request)}, ${circumstance}: the answer is broken off`);
  const lines = settledHeaders(first, subject);
  const otherLines = settledHeaders(other, subject);
  const missing = lines.filter((line) => !otherLines.includes(line));
  const added = otherLines.filter((line) => !lines.includes(line));
  if (missing.length + added.length > 0) differs('the header has', missing.join(', '), added.join(', '));
  if (!subject.contentVaries && !first.content.equals(other.content)) {
    differs('the content is', excerpt(first.content), excerpt(other.content));
  }
}

function excerpt(content: Buffer): string {
  const text = content.toString('latin1', 0, 60);
  return `${JSON.stringify(text)}${content.length > 60 ? ` (${content.length} bytes)` : ''}`;
}
