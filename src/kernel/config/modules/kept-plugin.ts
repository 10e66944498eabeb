import type { Config, RouteConfig } from '../../contract/config.js';
import { API_VERSION } from '../../contract/define-plugin.js';
import type { Directive, DirectiveUse, OptionValues } from '../../contract/directive.js';
import type { Plugin } from '../../contract/plugin.js';
import { HttpError } from '../../http/errors.js';
import type { LoadedPlugin } from '../directives/registry.js';

/**
 * Description of a plugin in a snapshot. A worker that can no longer load its code needs it to read the configuration,
 * and to know which routes must not be served without the plugin.
 */
export interface KeptPlugin {
  /** As `load_plugin` names it. */
  readonly word: string;
  readonly name: string;
  readonly directives: readonly string[];
  readonly variables: readonly string[];
  /** It acts on requests of every route: by a tap of onRequest, or because no directive switches it on. */
  readonly everywhere: boolean;
}

/** @param answering the plugins with taps of onRequest */
export function keptPlugins(
  loaded: readonly LoadedPlugin[],
  config: Config,
  answering: ReadonlySet<string>,
): readonly KeptPlugin[] {
  return loaded.flatMap(({ plugin, word }) => {
    if (word === undefined) return [];
    const { name, directives, variables } = plugin;
    const isUsed = config.servers.some(({ route }) => isUsedIn(route, plugin));
    return [
      {
        word,
        name,
        directives: Object.keys(directives),
        variables: Object.keys(variables),
        everywhere: answering.has(name) || !isUsed,
      },
    ];
  });
}

/** True when at least one option comes from a directive in the configuration, and not only from defaults. */
export function isSwitchedOn({ directives }: Plugin, options: OptionValues | undefined): boolean {
  return Object.entries(directives).some(
    ([name, { fallback }]) => options !== undefined && options[name] !== fallback,
  );
}

function isUsedIn({ options, children }: RouteConfig, plugin: Plugin): boolean {
  return isSwitchedOn(plugin, options.get(plugin.name)) || children.some((child) => isUsedIn(child, plugin));
}

/** Without the plugin, only the presence of its directives in a block or around it is known. */
const anywhere: Directive<boolean> = {
  contexts: ['main', 'server', 'location'],
  help: 'of a plugin that could not be loaded again',
  usage: '',
  minArguments: 0,
  maxArguments: 0,
  repeatable: true,
  inheritance: 'nearest',
  example: undefined,
  fallback: false,
  read: () => true,
};

/** Takes the place of a plugin that cannot be loaded: its setup fails, which closes the routes that need it. */
export function placeholderOf({ name, directives, variables }: KeptPlugin, reason: string): Plugin {
  const value = (): never => {
    throw new HttpError(503, { reason: `plugin "${name}" could not be loaded again: see the error log` });
  };
  return {
    name,
    apiVersion: API_VERSION,
    directives: Object.fromEntries(directives.map((each) => [each, anywhere])),
    codes: {},
    variables: Object.fromEntries(variables.map((each) => [each, { help: anywhere.help, value }])),
    scripts: undefined,
    start: () => Promise.reject(new Error(reason)),
  };
}

/** Blocks with directives of any plugin in them. */
const OUTER: ReadonlySet<string> = new Set(['http', 'server', 'location']);

/** Without the arguments and blocks of some directives: only their plugin could read them. */
export function withoutArguments(
  uses: readonly DirectiveUse[],
  names: ReadonlySet<string>,
): readonly DirectiveUse[] {
  if (names.size === 0) return uses;
  return uses.map((use) => {
    const { name, place, block } = use;
    if (names.has(name)) return { name, place, arguments: [], block: undefined };
    return block !== undefined && OUTER.has(name) ? { ...use, block: withoutArguments(block, names) } : use;
  });
}
