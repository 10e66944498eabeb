import { existsSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Jiti } from 'jiti';
import { API_VERSION } from '../../contract/define-plugin.js';
import type { Argument, DirectiveUse } from '../../contract/directive.js';
import type { Plugin } from '../../contract/plugin.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import { displayPath } from '../../diagnostics/display-path.js';
import { Findings, reasonOf } from '../../diagnostics/findings.js';
import { spellingsOf } from '../../diagnostics/stack-paths.js';
import { withTimeout } from '../../limits/with-timeout.js';
import type { LoadedPlugin } from '../directives/registry.js';
import { reportNotUtf8 } from '../files/not-utf8.js';
import { readText } from '../files/read-file.js';
import type { Compiler } from './compiler.js';
import { type KeptPlugin, placeholderOf } from './kept-plugin.js';
import { importWhole, moduleImporter } from './module-importer.js';
import type { Programs } from './programs.js';
import type { PublicEntries } from './public-entries.js';

export interface LoadedPlugins {
  /** The built-in ones, then the loaded ones in the order of the configuration. */
  readonly plugins: readonly LoadedPlugin[];
  /** False when one could not be loaded. */
  readonly complete: boolean;
}

/** Inputs for loading plugins. */
export interface PluginSources {
  readonly builtins: readonly Plugin[];
  /** Entries of this package that plugins can import. */
  readonly entries: PublicEntries;
  readonly compiler: Compiler;
  readonly findings: Findings;
  /** Records each program before it is run; undefined where the caller does not need that. */
  readonly programs: Programs | undefined;
  /** Plugins of the process that this one replaces. */
  readonly kept: readonly KeptPlugin[];
}

/**
 * Finds and loads the plugins that `load_plugin` names.
 * @param path absolute path of the configuration file: plugins are resolved from its directory
 */
export async function loadPlugins(
  uses: readonly DirectiveUse[],
  path: string,
  { builtins, entries, compiler, findings, programs, kept }: PluginSources,
): Promise<LoadedPlugins> {
  const plugins: LoadedPlugin[] = builtins.map((plugin) => ({
    plugin,
    place: undefined,
    file: undefined,
  }));
  const named = new Map<string, Place>();
  let complete = true;
  for (const use of uses) {
    const [word] = use.arguments;
    if (use.name !== 'load_plugin' || word === undefined || use.arguments.length > 1) continue;
    if (builtins.some(({ name }) => name === word.text)) continue; // built in
    const first = named.get(word.text);
    if (first !== undefined) {
      const related = [{ message: 'first loaded here', place: first }];
      findings.error('duplicate-plugin', `plugin "${word.text}" is loaded twice`, word.place, { related });
      continue;
    }
    named.set(word.text, word.place);
    if (findings.full) return { plugins, complete: false };
    const before = kept.find((each) => each.word === word.text);
    const reported = before === undefined ? findings : new Findings();
    const plugin = await loadPlugin(word, path, { entries, compiler, findings: reported, programs });
    if (plugin === undefined && before !== undefined) {
      const reason = reported.list().map(({ message }) => message);
      plugins.push({
        plugin: placeholderOf(before, reason.join('; ')),
        place: word.place,
        file: undefined,
        word: word.text,
      });
    } else if (plugin === undefined) complete = false;
    else plugins.push(plugin);
  }
  return { plugins, complete };
}

async function loadPlugin(
  word: Argument,
  path: string,
  { entries, compiler, findings, programs }: Omit<PluginSources, 'builtins' | 'kept'>,
): Promise<LoadedPlugin | undefined> {
  const importer = moduleImporter(path, entries, compiler);
  const found = find(word.text, dirname(path), importer);
  if ('tried' in found) {
    for (const name of found.packages) programs?.noteAbsent(name, dirname(path));
    if (found.file !== undefined) await programs?.note(found.file);
    findings.error('plugin-not-found', `there is no plugin "${word.text}"`, word.place, {
      hint: found.tried,
    });
    return undefined;
  }
  await programs?.note(found.file);
  let value: unknown;
  try {
    if (!isUtf8Text(found.file, word.place, findings)) return undefined;
    await withTimeout(Number.POSITIVE_INFINITY, async () => {
      value = await importWhole(importer, entries, found.file, () =>
        importer.import(found.file, { default: true }),
      );
    });
  } catch (error) {
    const message = `plugin "${word.text}" could not be loaded: ${reasonOf(error)}`;
    const hint = thrownAt(error, found.file);
    findings.error('plugin-failed', message, word.place, hint === undefined ? {} : { hint });
    return undefined;
  }
  if (!isPlugin(value)) {
    findings.error('plugin-invalid', `${displayPath(found.file)} exports no plugin`, word.place, {
      hint: 'its default export must be what definePlugin() returned',
    });
    return undefined;
  }
  if (value.apiVersion !== API_VERSION) {
    const message = `plugin "${value.name}" is for version ${value.apiVersion} of the plugin contract, this server has ${API_VERSION}`;
    findings.error('plugin-version', message, word.place);
    return undefined;
  }
  return { plugin: value, place: word.place, file: found.file, word: word.text };
}

/** Reports it where it is not: Node would replace what it cannot read. */
function isUtf8Text(file: string, place: Place, findings: Findings): boolean {
  if (!/\.[cm]?[jt]s$/.test(file)) return true;
  const read = readText(file);
  if ('text' in read) return true;
  if (read.problem !== 'not-utf8') throw new Error(read.message);
  reportNotUtf8(read.found, file, findings, { related: [{ message: 'it is loaded here', place }] });
  return false;
}

/** Where in the plugin's file it was thrown. Columns are those of the code that was made of it. */
function thrownAt(error: unknown, file: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => /^\s*at /.test(line));
  for (const spelling of spellingsOf(file)) {
    const frame = frames.find((line) => line.includes(`${spelling}:`));
    const [line] = frame?.slice(frame.indexOf(spelling) + spelling.length + 1).split(':') ?? [];
    if (line !== undefined) return `thrown at ${displayPath(file)}:${line}`;
  }
  return undefined;
}

/** A plugin's file; or where it was looked for: as a file, or as packages. */
type FoundPlugin =
  | { readonly file: string }
  | { readonly tried: string; readonly file?: string; readonly packages: readonly string[] };

function find(name: string, folder: string, importer: Jiti): FoundPlugin {
  if (
    isAbsolute(name) ||
    name.startsWith('../../hooks') ||
    name.startsWith('../..') ||
    /\.[cm]?[jt]s$/.test(name)
  ) {
    const file = resolve(folder, name);
    return existsSync(file) ? { file } : { tried: `looked for ${displayPath(file)}`, file, packages: [] };
  }
  const packages = packageNames(name);
  for (const candidate of packages) {
    const resolved = importer.esmResolve(candidate, {
      try: true,
      parentURL: pathToFileURL(`${folder}/`).href,
    });
    if (resolved !== undefined) return { file: fileURLToPath(resolved) };
  }
  return {
    packages,
    tried: `looked for ${packages.join(' and ')} from ${displayPath(folder)}; to install it: npm install ${packages[0]}`,
  };
}

/** `foo` → `webserv-plugin-foo`, `@me/foo` → `@me/webserv-plugin-foo`; then the name itself. */
function packageNames(name: string): readonly string[] {
  const slash = name.startsWith('@') ? name.indexOf('/') + 1 : 0;
  const scope = name.slice(0, slash);
  const bare = name.slice(slash);
  return bare.startsWith('webserv-plugin-') ? [name] : [`${scope}webserv-plugin-${bare}`, name];
}

/** By its shape: a plugin made by another copy of this package is one too. */
function isPlugin(value: unknown): value is Plugin {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'apiVersion' in value &&
    typeof value.apiVersion === 'number' &&
    'directives' in value &&
    isTable(value.directives) &&
    Object.values(value.directives).every(isDirective) &&
    'variables' in value &&
    isTable(value.variables) &&
    'codes' in value &&
    isTable(value.codes) &&
    'start' in value &&
    typeof value.start === 'function'
  );
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isDirective(row: unknown): boolean {
  return (
    typeof row === 'object' &&
    row !== null &&
    'contexts' in row &&
    Array.isArray(row.contexts) &&
    'usage' in row &&
    typeof row.usage === 'string' &&
    'read' in row &&
    typeof row.read === 'function'
  );
}
