import { dirname, join, resolve } from 'node:path';
import type { DirectiveUse } from '../../contract/directive.js';
import type { Plugin } from '../../contract/plugin.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { displayPath } from '../../diagnostics/display-path.js';
import { Findings } from '../../diagnostics/findings.js';
import { compile, type Tree } from '../compile/compile.js';
import type { CompiledConfig } from '../compile/compiled-config.js';
import { warnOfOpenReturns } from '../compile/open-returns.js';
import { warnOfRoots } from '../compile/root-warnings.js';
import { separateRunOns } from '../compile/run-on.js';
import { warnOfUnaskedPasswords } from '../compile/unasked-passwords.js';
import { type LoadedPlugin, Registry } from '../directives/registry.js';
import { formOf } from '../forms/forms.js';
import { withObjectBlocks } from '../forms/object-blocks.js';
import { type CompiledCode, Compiler } from '../modules/compiler.js';
import { providersOf } from '../modules/installed-plugins.js';
import { withoutArguments } from '../modules/kept-plugin.js';
import { loadPlugins } from '../modules/load-plugins.js';
import { moduleAsJson } from '../modules/module-form.js';
import { Programs } from '../modules/programs.js';
import type { PublicEntries } from '../modules/public-entries.js';
import { type ConfigSnapshot, DiskFiles, SnapshotFiles } from './config-files.js';
import { reportExposedFiles } from './exposed-files.js';
import { FileReader } from './include.js';
import type { Watched } from './watched.js';

export interface LoadOptions {
  /** The plugins that need no `load_plugin`. */
  readonly builtins: readonly Plugin[];
  /** Entries of this package that plugins and configurations in TypeScript can import; none by default. */
  readonly entries?: PublicEntries;
  /** Where `${NAME}` is looked up; the process's environment when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /**
   * The directory that `server_dir` is relative to, and its default; the directory of the configuration file by
   * default.
   */
  readonly prefix?: string;
  /** Read these texts, and not the files they were; the disk when left out. */
  readonly snapshot?: ConfigSnapshot;
  /** Code of programs that another process has compiled: those that have not changed are not compiled again. */
  readonly compiled?: CompiledCode;
  /**
   * Called for a configuration with errors, so that the findings of plugins in its valid blocks are reported together
   * with them.
   */
  readonly preview?: (config: CompiledConfig) => Promise<readonly Diagnostic[]>;
}

/** The sources of a compiled configuration, for commands that explain it. */
export interface ConfigSource {
  readonly tree: Tree;
  readonly registry: Registry;
  readonly plugins: readonly LoadedPlugin[];
  /** The configuration's files and the plugins', absolute. */
  readonly files: readonly string[];
  /** To read it again as it is now; undefined when it is too large for one, or came from one. */
  readonly snapshot: ConfigSnapshot | undefined;
}

export interface LoadResult {
  /** undefined when there is an error among the diagnostics. */
  readonly config: CompiledConfig | undefined;
  /** undefined when there is no configuration that could be read. */
  readonly source: ConfigSource | undefined;
  /** Everything found, in the order of the files and their lines. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was read or looked for, plugins included, and where others might appear; nothing of a snapshot. */
  readonly watched: Watched;
}

/** Reads, checks and compiles a configuration file. Every error is a diagnostic and none is thrown. */
export async function loadConfig(file: string, options: LoadOptions): Promise<LoadResult> {
  const path = resolve(file);
  return load(path, options, async (reader, { findings, files, programs, compiler }) => {
    if (formOf(path) !== 'module') return reader.file(path);
    if (files instanceof DiskFiles) await programs.note(path);
    const json = await programText(path, { findings, files, compiler }, options.entries);
    return json === undefined ? undefined : reader.text(path, json, 'yaml', `${displayPath(path)} (as JSON)`);
  });
}

/** A program can produce a different configuration each time it runs; a snapshot has the result of one run. */
async function programText(
  path: string,
  { findings, files, compiler }: Omit<Reading, 'programs'>,
  entries: PublicEntries = {},
): Promise<string | undefined> {
  if (files instanceof SnapshotFiles) {
    const read = files.read(path);
    return 'text' in read ? read.text : undefined;
  }
  const json = await moduleAsJson(path, findings, entries, compiler);
  if (json !== undefined) files.remember(path, json);
  return json;
}

export interface LoadTextOptions extends LoadOptions {
  /** The name the text has in messages; its ending tells its form. */
  readonly file: string;
  /** The directory that relative paths in the text start from. */
  readonly base: string;
}

/** The same for a text that is in no file. */
export async function loadConfigText(text: string, options: LoadTextOptions): Promise<LoadResult> {
  const path = join(resolve(options.base), options.file);
  return load(path, options, (reader) => reader.text(path, text, formOf(path), displayPath(path)));
}

/** Used while a configuration is read. */
interface Reading {
  readonly findings: Findings;
  readonly files: DiskFiles | SnapshotFiles;
  readonly programs: Programs;
  readonly compiler: Compiler;
}

async function load(
  path: string,
  { builtins, entries = {}, environment = process.env, prefix, snapshot, compiled, preview }: LoadOptions,
  read: (
    reader: FileReader,
    reading: Reading,
  ) => readonly DirectiveUse[] | undefined | Promise<readonly DirectiveUse[] | undefined>,
): Promise<LoadResult> {
  const findings = new Findings();
  const files = snapshot === undefined ? new DiskFiles() : new SnapshotFiles(snapshot);
  const reader = new FileReader(environment, findings, files);
  const programs = new Programs();
  const compiler = new Compiler(snapshot?.compiled ?? compiled);
  const watched = (): Watched =>
    files instanceof DiskFiles ? joined(files.watched, programs.watched) : { files: [], patterns: [] };
  const parsed = await read(reader, { findings, files, programs, compiler });
  if (parsed === undefined) {
    return { config: undefined, source: undefined, diagnostics: findings.list(), watched: watched() };
  }
  const { plugins, complete } = await loadPlugins(parsed, path, {
    builtins,
    entries,
    compiler,
    findings,
    programs: files instanceof DiskFiles ? programs : undefined,
    kept: snapshot?.plugins ?? [],
  });
  const code = compiler.end();
  const gone = plugins.filter(({ word, file }) => word !== undefined && file === undefined);
  const unread = new Set(gone.flatMap(({ plugin }) => Object.keys(plugin.directives)));
  const registry = new Registry(plugins, findings);
  const shaped = withObjectBlocks(withoutArguments(parsed, unread), (name) =>
    registry.rule(registry.canonical(name)),
  );
  const uses = separateRunOns(shaped, registry, findings);
  const base = prefix === undefined ? dirname(path) : resolve(prefix);
  const providers = await providersOf(uses, registry, dirname(path));
  const tree: Tree = { base, file: displayPath(path), uses, complete, providers };
  const config = compile(tree, registry, findings);
  warnOfRoots(config, findings);
  warnOfOpenReturns(config, findings);
  warnOfUnaskedPasswords(config, findings);
  if (preview !== undefined && findings.failed && findings.balanced && complete) {
    findings.include(await preview(config));
  }
  const pluginFiles = plugins.flatMap(({ file }) => (file === undefined ? [] : [file]));
  const sources = [...new Set([path, ...reader.files, ...pluginFiles])];
  // A process that replaces another one reads a snapshot that was already checked.
  if (snapshot === undefined) await reportExposedFiles(config, uses, registry, sources, findings);
  return {
    config: findings.failed ? undefined : config,
    source: {
      tree,
      registry,
      plugins,
      files: sources,
      snapshot: files instanceof DiskFiles ? files.snapshot(code) : undefined,
    },
    diagnostics: findings.list(),
    watched: watched(),
  };
}

const joined = (one: Watched, other: Watched): Watched => ({
  files: [...one.files, ...other.files],
  patterns: [...one.patterns, ...other.patterns],
});
