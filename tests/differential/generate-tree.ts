import { dirname } from 'node:path';
import type { Random } from '../fuzz/random.js';
import type { Tree, TreeEntry } from './model.js';

/** Text of files outside the root: a response that contains it is a leak. */
export const OUTSIDE = 'THIS-LIES-OUTSIDE';

/** Names of links that lead out of the root. */
export const OUTSIDE_LINKS: readonly string[] = ['out-link', 'out-dir'];

const DIRECTORIES = [
  'a',
  'img',
  'shop',
  'a/b',
  'three.js',
  'p q',
  'ü',
  'img/deep',
  'empty',
  '.git',
  '.well-known',
] as const;
const FILES = [
  'index.html',
  'index.htm',
  'page.html',
  'x.txt',
  'x.php',
  'y.php.txt',
  'empty.txt',
  'no-extension',
  'sp ace.txt',
  'ü.txt',
  `q'u"o&te<.txt`,
  'back\\slash.txt',
  '%41.txt',
  'semi;colon.txt',
  'plus+.txt',
  'line\nbreak.txt',
  '.hidden.txt',
  'UPPER.TXT',
] as const;
const FILE = 0o644;
const DIRECTORY = 0o755;

/** Generates a root's files: odd names, hidden and unreadable ones, links in and out, precompressed siblings. */
export function generateTree(random: Random): Tree {
  const tree = new Map<string, TreeEntry>();
  tree.set('root', { kind: 'directory', mode: DIRECTORY });
  tree.set('outside', { kind: 'directory', mode: DIRECTORY });
  tree.set('outside/secret.txt', file(OUTSIDE));
  for (const root of ['root', 'other']) {
    tree.set(root, { kind: 'directory', mode: DIRECTORY });
    fill(random, root, tree);
    for (const directory of DIRECTORIES) {
      const path = `${root}/${directory}`;
      // Inner directories only where the outer one exists.
      if (!tree.has(dirname(path)) || !random.chance(0.7)) continue;
      tree.set(path, { kind: 'directory', mode: DIRECTORY });
      if (directory !== 'empty') fill(random, path, tree);
    }
    for (const page of ['404.html', 'denied.html']) tree.set(`${root}/${page}`, file(`page ${root}/${page}`));
  }
  return tree;
}

function fill(random: Random, directory: string, tree: Map<string, TreeEntry>): void {
  for (const name of FILES) {
    if (!random.chance(0.4)) continue;
    const path = `${directory}/${name}`;
    const size = name === 'empty.txt' ? 0 : random.pick([1, 10, 1500]);
    const content = size === 0 ? '' : `${path} ${random.text(size)}`;
    tree.set(path, file(content, random.chance(0.04) ? 0o600 : FILE));
    // A sibling that is larger than its file is not sent.
    if (random.chance(0.2)) tree.set(`${path}.gz`, file(size === 0 ? '' : 'gz'));
  }
  if (random.chance(0.3)) tree.set(`${directory}/in-link`, { kind: 'link', to: 'x.txt' });
  if (random.chance(0.2)) tree.set(`${directory}/dangling`, { kind: 'link', to: 'nowhere' });
  const up = '../'.repeat(directory.split('/').length);
  if (random.chance(0.2)) tree.set(`${directory}/out-link`, { kind: 'link', to: `${up}outside/secret.txt` });
  if (random.chance(0.2)) tree.set(`${directory}/out-dir`, { kind: 'link', to: `${up}outside` });
  if (random.chance(0.1)) tree.set(`${directory}/closed`, { kind: 'directory', mode: 0o700 });
}

function file(content: string, mode = FILE): TreeEntry {
  return { kind: 'file', content, mode };
}
