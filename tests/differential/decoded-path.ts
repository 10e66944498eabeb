/** A target's path as both servers understand it; undefined where it is malformed. Not the code under test, on purpose. */
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
