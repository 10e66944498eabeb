import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedPlugin } from '../kernel/config/directives/registry.js';
import { spellingsOf } from '../kernel/diagnostics/stack-paths.js';
import { packageFolder } from '../package-folder.js';

/** Where the built-in plugins are, each in a folder of its name. */
const BUILT_IN = fileURLToPath(new URL('dist/plugins/', packageFolder));

/** Tells from a fault's stack which plugin's code it came out of; undefined when it is none's. */
export function blameFinder(plugins: readonly LoadedPlugin[]): (stack: string) => string | undefined {
  const folders = plugins.map(({ plugin, file }) => ({
    name: plugin.name,
    // A single file may lie among others that are no plugin of its own.
    code: spellingsOf(file === undefined ? `${BUILT_IN}${plugin.name}${sep}` : folderOf(file)),
  }));
  return (stack) => {
    const found = folders
      .flatMap(({ name, code }) => code.map((spelling) => ({ name, at: stack.indexOf(spelling) })))
      .filter(({ at }) => at !== -1)
      .sort((one, other) => one.at - other.at);
    return found[0]?.name;
  };
}

/** A package's whole folder, where it is installed as one. */
function folderOf(file: string): string {
  const modules = file.lastIndexOf(`${sep}node_modules${sep}`);
  if (modules === -1) return file;
  const start = modules + '/node_modules/'.length;
  const scoped = file.startsWith('@', start) ? file.indexOf(sep, start) + 1 : start;
  const end = file.indexOf(sep, scoped);
  return end === -1 ? dirname(file) : file.slice(0, end + 1);
}
