import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedPlugin } from '../kernel/config/directives/registry.js';
import { spellingsOf } from '../kernel/diagnostics/stack-paths.js';
import { packageDirectory } from '../package-directory.js';

/** Directory of the built-in plugins. Each has a subdirectory of its name. */
const BUILT_IN = fileURLToPath(new URL('dist/plugins/', packageDirectory));

/**
 * Returns a function that finds in an error's stack the plugin whose code threw it; undefined when no plugin's code is
 * in the stack.
 */
export function blameFinder(plugins: readonly LoadedPlugin[]): (stack: string) => string | undefined {
  const directories = plugins.map(({ plugin, file }) => ({
    name: plugin.name,
    // A single-file plugin may share its directory with files that are not part of it.
    code: spellingsOf(file === undefined ? `${BUILT_IN}${plugin.name}${sep}` : directoryOf(file)),
  }));
  return (stack) => {
    const found = directories
      .flatMap(({ name, code }) => code.map((spelling) => ({ name, at: stack.indexOf(spelling) })))
      .filter(({ at }) => at !== -1)
      .sort((one, other) => one.at - other.at);
    return found[0]?.name;
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
