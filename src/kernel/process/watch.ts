import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Watched } from '../config/watched.js';

/** Editors write a file in several steps; one reload is enough for all of them. Milliseconds. */
const SETTLE_MS = 200;

/** What counts in one folder. */
interface Members {
  readonly names: Set<string>;
  readonly endings: Set<string>;
}

/**
 * Tells when one of the files changes, or one that counts appears. Their folders are watched, for most editors replace a file
 * and do not write it.
 * @returns stops watching
 */
export function watchFor(watched: Watched, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const tell = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLE_MS);
  };
  const watchers = [...membersOf(watched)].flatMap(([folder, { names, endings }]) => {
    const counts = (name: string): boolean =>
      names.has(name) || [...endings].some((ending) => name.endsWith(ending));
    return watchFolder(folder, (name) => {
      if (name === null || counts(name)) tell();
    });
  });
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

function membersOf({ files, folders }: Watched): ReadonlyMap<string, Members> {
  const found = new Map<string, Members>();
  const membersIn = (folder: string): Members => {
    const members = found.get(folder) ?? { names: new Set(), endings: new Set() };
    found.set(folder, members);
    return members;
  };
  for (const file of files) membersIn(dirname(file)).names.add(basename(file));
  for (const { path, endings } of folders) for (const ending of endings) membersIn(path).endings.add(ending);
  return found;
}

/** None for a folder that is not there: a reload by hand will tell. */
function watchFolder(folder: string, seen: (name: string | null) => void): readonly FSWatcher[] {
  try {
    const watcher = watch(folder, (_event, name) => seen(name));
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}
