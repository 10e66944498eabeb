import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtinPlugins } from '../../builtin.js';
import { Registry } from '../../kernel/config/directives/registry.js';
import { displayPath } from '../../kernel/diagnostics/display-path.js';
import { Findings, reasonOf } from '../../kernel/diagnostics/findings.js';
import { packageFolder } from '../../package-folder.js';
import { UsageError } from '../arguments.js';
import { EXIT } from '../exit.js';
import { namedPath } from '../named-path.js';
import { type PluginNames, pluginFiles, type TemplateVersions } from '../plugin-template.js';
import { say } from '../terminal.js';
import { packageVersion } from '../version.js';
import { exists, makeFiles, shellWord } from './new-files.js';

/** What a new plugin is built with: what this package is built with. */
export const TOOLS = { typescript: '^7.0.2', nodeTypes: '^20.19.43' } as const satisfies Omit<
  TemplateVersions,
  'server'
>;

const NAME = /^(@[a-z0-9][a-z0-9._-]*\/)?(?:webserv-plugin-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/;

/** @returns the exit code @throws UsageError for a name no plugin can have */
export async function makePlugin(name: string, folder?: string): Promise<number> {
  const names = await namesOf(name);
  const chosen = folder ?? `webserv-plugin-${names.plugin}`;
  const directory = namedPath(chosen);
  const manifest = join(directory, 'package.json');
  if (await exists(manifest)) {
    say(`${displayPath(manifest)} is there already; nothing was made`);
    return EXIT.failure;
  }
  try {
    await makeFiles(directory, pluginFiles(names, { server: `^${await packageVersion()}`, ...TOOLS }));
  } catch (error) {
    say(`cannot make the plugin: ${reasonOf(error)}`);
    return EXIT.failure;
  }
  const enter = chosen === '.' ? '' : `cd ${shellWord(chosen)} && `;
  // By the folder of this very package: it need not be one that npm has.
  const server = shellWord(fileURLToPath(packageFolder).replace(/\/$/, ''));
  say(`the plugin is ready. To build and test it: ${enter}npm install --save-dev ${server} && npm test`);
  say(`then change src/index.ts, and try it: npx webserv`);
  return EXIT.ok;
}

async function namesOf(name: string): Promise<PluginNames> {
  const [, scope = '', plugin] = NAME.exec(name) ?? [];
  if (plugin === undefined) {
    throw new UsageError(`"${name}" cannot be a plugin's name`, 'use lower case words joined with dashes');
  }
  const directive = plugin.replaceAll('-', '_');
  const builtins = await builtinPlugins();
  const registry = new Registry(
    builtins.map((one) => ({ plugin: one, place: undefined, file: undefined })),
    new Findings(),
  );
  if (builtins.some((one) => one.name === plugin)) throw new UsageError(`"${plugin}" is built in`);
  if (registry.isKnown(directive)) throw new UsageError(`there is a directive "${directive}" already`);
  return { package: `${scope}webserv-plugin-${plugin}`, load: `${scope}${plugin}`, plugin, directive };
}
