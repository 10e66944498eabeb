import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtinPlugins } from '../../builtin.js';
import { Registry } from '../../kernel/config/directives/registry.js';
import { displayPath } from '../../kernel/diagnostics/display-path.js';
import { Findings, reasonOf } from '../../kernel/diagnostics/findings.js';
import { packageDirectory } from '../../package-directory.js';
import { UsageError } from '../arguments.js';
import { EXIT } from '../exit.js';
import { namedPath } from '../named-path.js';
import { type PluginNames, pluginFiles, type TemplateVersions } from '../plugin-template.js';
import { shellWord } from '../shell-word.js';
import { say } from '../terminal.js';
import { packageVersion } from '../version.js';
import { exists, makeFiles } from './new-files.js';

/** Versions that a new plugin is built with: those that this package is built with. */
export const TOOLS = { typescript: '^7.0.2', nodeTypes: '^20.19.43' } as const satisfies Omit<
  TemplateVersions,
  'server'
>;

const NAME = /^(@[a-z0-9][a-z0-9._-]*\/)?(?:webserv-plugin-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/;

/**
 * @returns the exit code
 * @throws UsageError for an invalid plugin name
 */
export async function makePlugin(name: string, path?: string): Promise<number> {
  const names = await namesOf(name);
  const chosen = path ?? `webserv-plugin-${names.plugin}`;
  const directory = namedPath(chosen);
  const manifest = join(directory, 'package.json');
  if (await exists(manifest)) {
    say(`${displayPath(manifest)} already exists; nothing was created`);
    return EXIT.failure;
  }
  try {
    await makeFiles(directory, pluginFiles(names, { server: `^${await packageVersion()}`, ...TOOLS }));
  } catch (error) {
    say(`cannot create the plugin: ${reasonOf(error)}`);
    return EXIT.failure;
  }
  const enter = chosen === '.' ? '' : `cd ${shellWord(chosen)} && `;
  // Installed from the directory of this very package: npm may not have this version.
  const server = shellWord(fileURLToPath(packageDirectory).replace(/\/$/, ''));
  say(`the plugin is ready. To build and test it: ${enter}npm install --save-dev ${server} && npm test`);
  say(`then edit src/index.ts, and try the plugin: npx webserv`);
  return EXIT.ok;
}

async function namesOf(name: string): Promise<PluginNames> {
  const [, scope = '', plugin] = NAME.exec(name) ?? [];
  if (plugin === undefined) {
    throw new UsageError(`"${name}" is not a valid plugin name`, 'use lower case words joined with dashes');
  }
  const directive = plugin.replaceAll('-', '_');
  const builtins = builtinPlugins();
  const registry = new Registry(
    builtins.map((one) => ({ plugin: one, place: undefined, file: undefined })),
    new Findings(),
  );
  if (builtins.some((one) => one.name === plugin)) throw new UsageError(`a plugin "${plugin}" is built in`);
  if (registry.isKnown(directive)) throw new UsageError(`a directive "${directive}" already exists`);
  return { package: `${scope}webserv-plugin-${plugin}`, load: `${scope}${plugin}`, plugin, directive };
}
