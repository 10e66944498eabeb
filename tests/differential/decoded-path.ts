/**
 * Returns a target's path as both servers understand it; undefined when it is malformed. Deliberately independent of
 * the code under test.
 */
export function decodedPath(target: string): string | undefined {
  const origin = target.replace(/^http:\/\/[^/]*/, '').replace(/[?#].*$/s, '');
  try {
    const kept: string[] = [];
    for (const segment of decodeURIComponent(origin).split('/')) {
      if (segment === '..') kept.pop();
      else if (segment !== '.' && segment !== '') kept.push(segment);
    }
    return `/${kept.join('/')}`;
  } catch {
    return undefined;
  }
}
