import type { CST } from 'yaml';

/**
 * How deep a YAML text is nested, found without recursion: the composer of the yaml package recurses, and running
 * out of stack inside a regular expression ends the whole process (V8 cannot throw there).
 */
export function depthOf(documents: readonly CST.Token[]): number {
  let deepest = 0;
  const open: { readonly token: CST.Token; readonly depth: number }[] = documents.map((token) => ({
    token,
    depth: 0,
  }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    deepest = Math.max(deepest, depth);
    if (token.type === 'document') {
      if (token.value !== undefined) open.push({ token: token.value, depth });
    } else if ('items' in token) {
      for (const { key, value } of token.items) {
        if (key) open.push({ token: key, depth: depth + 1 });
        if (value) open.push({ token: value, depth: depth + 1 });
      }
    }
  }
  return deepest;
}
