import type { Server } from '../differential/model.js';
import type { Answer } from '../wire/answers.js';
import { type Guard, guardOf } from './oracle.js';
import { OUTSIDE, SOURCE, UPLOADED_RAN } from './site.js';

/** @returns violations of rules that must always hold */
export function violationsOf(server: Server, hasPassword: boolean, answer: Answer): readonly string[] {
  const found: string[] = [];
  const text = answer.content + [...answer.fields.values()].join('\n');
  if (text.includes(OUTSIDE)) found.push('a file outside the root was sent');
  if (text.includes(SOURCE)) found.push('the source of a script was sent');
  if (text.includes(UPLOADED_RAN)) found.push('an uploaded file ran');
  for (const [, path = ''] of text.matchAll(/BODY-OF<root(\/[^>]*)>/g)) {
    const { password } = guardOf(server, path);
    if (password && !hasPassword && !isRefusalPage(server, path, answer))
      found.push(`${path} was sent without its password`);
    if (path.includes('/.')) found.push(`the hidden file ${path} was sent`);
  }
  for (const [, path = '', method = '', size = ''] of text.matchAll(
    /RAN \S*\/root(\/\S*) BY (\S+) WITH (\d+)/g,
  )) {
    const guard = guardOf(server, path);
    if (guard.password && !hasPassword && !isRefusalPage(server, path, answer))
      found.push(`${path} ran without its password`);
    if (!guard.runs) found.push(`${path} ran, where no scripts run`);
    if (!allows(guard, method)) found.push(`${path} ran by ${method}, which is not among its methods`);
    if (Number(size) > guard.maxBody)
      found.push(`${path} got ${size} bytes, with a limit of ${guard.maxBody}`);
  }
  return found;
}

function allows({ methods }: Guard, method: string): boolean {
  return methods === undefined || methods.some((each) => each === method);
}

/** The page of a 401, or the index of its directory, is shown to visitors without the password. */
function isRefusalPage({ rules, locations }: Server, path: string, { status }: Answer): boolean {
  if (status !== 401) return false;
  const uris = [
    rules,
    ...locations.map((location) => location.rules),
    ...locations.flatMap((location) => location.locations.map((inner) => inner.rules)),
  ]
    .flatMap(({ errorPages = [] }) => errorPages)
    .filter(({ code }) => code === 401)
    .map(({ uri }) => uri.replace(/\?.*/, ''));
  return uris.some((uri) => uri === path || (uri.endsWith('/') && path.startsWith(`${uri}index.`)));
}

/** HEAD must get the same response as GET, without the body (RFC 9110 §9.3.2). */
export function headDifferences(get: Answer, head: Answer): readonly string[] {
  const ignored = new Set(['date', 'connection', 'transfer-encoding']);
  const described = ({ status, fields }: Answer, other: Answer): string => {
    const lines = [...fields].filter(
      ([name]) => !ignored.has(name) && !(name === 'content-length' && !other.fields.has(name)),
    );
    return [status, ...lines.map(([name, value]) => `${name}: ${value}`).toSorted()].join('\n');
  };
  const [theirs, ours] = [described(get, head), described(head, get)];
  return theirs === ours && head.content === ''
    ? []
    : [`HEAD differs from GET:\n${theirs}\n—\n${ours}\n${head.content.slice(0, 100)}`];
}
