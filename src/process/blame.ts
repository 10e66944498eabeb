import { dirname, sep } from 'node:path';
import type { LoadedPlugin } from '../kernel/config/directives/registry.js';
import { spellingsOf } from '../kernel/diagnostics/stack-paths.js';
import { builtInFrames } from './built-in-code.js';

/**
 * Returns a function that finds in an error's stack the plugin whose code threw it; undefined when no plugin's code is
 * in the stack.
 */
export function blameFinder(plugins: readonly LoadedPlugin[]): (stack: string) => string | undefined {
  const loaded = plugins.flatMap(({ plugin: { name }, file }) =>
    // A single-file plugin may share its directory with files that are not part of it.
    file === undefined ? [] : spellingsOf(directoryOf(file)).map((code) => ({ name, code })),
  );
  return (stack) => {
    const frames = loaded
      .map(({ name, code }) => ({ name, at: stack.indexOf(code) }))
      .filter(({ at }) => at !== -1);
    const [first] = [...frames, ...builtInFrames(stack)].sort((one, other) => one.at - other.at);
    return first?.name;
  };
}

/** Returns the directory of the installed package that contains the file, or the file itself. */
function directoryOf(file: string): string {
  const modules = file.lastIndexOf(`${sep}node_modules${sep}`);
  if (modules === -1) return file;
  const start = modules + '/node_modules/'.length;
  const scoped = file.startsWith('@', start) ? file.indexOf(sep, start) + 1 : start;
  const end = file.indexOf(sep, scoped);
  return end === -1 ? dirname(file) : file.slice(0, end + 1);
}
