import { type Answer, readAnswers } from '../wire/answers.js';
import type { ValidRequest } from './grammar.js';
import type { Session, Transcript } from './session.js';

/** @returns the errors in the server's behaviour, and the responses if they can be parsed */
export function judge(
  session: Session,
  transcript: Transcript,
): { problem?: string; answers: readonly Answer[] } {
  const { received, end } = transcript;
  if (received.includes('CANARY')) return { problem: 'sent what nobody may see', answers: [] };
  // A client that resets is not entitled to a whole response.
  if (session.leaving === 'resets') return { answers: [] };
  if (end === 'open') return { problem: 'did not end the connection', answers: [] };
  if (end === 'reset') return { problem: 'reset the connection', answers: [] };
  try {
    const answers = readAnswers(
      received,
      session.valid?.map(({ method }) => method),
    ).filter(isFinal);
    const problem =
      session.valid === undefined ? tooMany(session, answers) : misunderstood(session.valid, answers);
    return problem === undefined ? { answers } : { problem, answers };
  } catch (error) {
    return { problem: `sent what is no HTTP: ${String(error)}`, answers: [] };
  }
}

function isFinal({ status }: Answer): boolean {
  return status >= 200;
}

/** Each head ends in an empty line; one more response may reject an unfinished request. */
function tooMany({ bytes }: Session, answers: readonly Answer[]): string | undefined {
  const possible = bytes.split('\r\n\r\n').length;
  return answers.length > possible ? `${answers.length} answers to ${possible} requests` : undefined;
}

/** Each valid request gets its response, in order. */
function misunderstood(requests: readonly ValidRequest[], answers: readonly Answer[]): string | undefined {
  for (const [index, { closes, content }] of requests.entries()) {
    const answer = answers[index];
    const isLast = index === answers.length - 1;
    if (answer === undefined) return `request ${index} has no answer`;
    if (answer.status === 400 || answer.status === 408)
      return `request ${index} is refused: ${answer.status}`;
    if (content !== undefined && answer.content !== content) return `request ${index} has another's answer`;
    if (closes === 'yes' && !isLast) return `answers behind the last request, ${index}`;
    if (isLast && closes !== 'no') return undefined;
  }
  return answers.length > requests.length
    ? `${answers.length} answers to ${requests.length} requests`
    : undefined;
}
