import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Editors write a file in several steps; one reload is enough for all of them. Milliseconds. */
const SETTLE_MS = 200;

/**
 * Tells when one of the files changes. Their folders are watched, for most editors replace a file and do not write it.
 * @param files absolute
 * @returns stops watching
 */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  const names = new Map<string, Set<string>>();
  for (const file of files) {
    const folder = dirname(file);
    names.set(folder, (names.get(folder) ?? new Set()).add(basename(file)));
  }
  let timer: NodeJS.Timeout | undefined;
  const watchers: FSWatcher[] = [];
  for (const [folder, members] of names) {
    const watcher = watch(folder, (_event, name) => {
      if (name !== null && !members.has(name)) return;
      clearTimeout(timer);
      timer = setTimeout(changed, SETTLE_MS);
    });
    watcher.on('error', () => watcher.close()); // the folder is gone: a reload by hand will tell
    watchers.push(watcher);
  }
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
