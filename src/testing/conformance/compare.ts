import { fail } from 'node:assert';
import type { ReceivedResponse } from '../received-response.js';
import type { FullRequest } from '../request.js';
import type { Subject } from './subject.js';

/** `POST /a`, for messages. */
export function named({ method, path }: Pick<FullRequest, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

/** Whether the request's method is safe (RFC 9110 §9.2.1). */
export function isSafe({ method }: FullRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** Fields that depend on the time, and fields that describe the body, which is compared itself. */
const VARYING: ReadonlySet<string> = new Set([
  'age',
  'content-length',
  'date',
  'server-timing',
  'transfer-encoding',
]);

/** The header fields that two responses to the same request should have in common. */
export function comparableHeaders(
  { headers }: ReceivedResponse,
  { varyingHeaders }: Subject,
): readonly string[] {
  return [...headers]
    .filter(([name]) => !VARYING.has(name) && !varyingHeaders.has(name))
    .map(([name, value]) => `${name}: ${value}`);
}

/**
 * @param circumstance what was different for the second response
 * @throws Error when two responses to the same request differ in a part that must not vary
 */
export function expectSame(
  request: FullRequest,
  first: ReceivedResponse,
  other: ReceivedResponse,
  circumstance: string,
  subject: Subject,
): void {
  const differs = (what: string, one: string, two: string): never =>
    fail(
      `${named(request)}, ${circumstance}: ${what} ${two} instead of ${one} (if this is intended, see "varies")`,
    );
  if (first.status !== other.status)
    fail(`${named(request)}, ${circumstance}: the status is ${other.status} instead of ${first.status}`);
  if (!other.complete) fail(`${named(request)}, ${circumstance}: the response is incomplete`);
  const lines = comparableHeaders(first, subject);
  const otherLines = comparableHeaders(other, subject);
  const missing = lines.filter((line) => !otherLines.includes(line));
  const added = otherLines.filter((line) => !lines.includes(line));
  if (missing.length + added.length > 0)
    differs('the header section has', missing.join(', '), added.join(', '));
  if (!subject.contentVaries && !first.content.equals(other.content)) {
    differs('the body is', excerpt(first.content), excerpt(other.content));
  }
}

function excerpt(content: Buffer): string {
  const text = content.toString('latin1', 0, 60);
  return `${JSON.stringify(text)}${content.length > 60 ? ` (${content.length} bytes)` : ''}`;
}
