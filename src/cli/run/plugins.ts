import { pathToFileURL } from 'node:url';
import { builtinPlugins } from '../../builtin.js';
import type { LoadedPlugin } from '../../kernel/config/directives/registry.js';
import type { Tap } from '../../kernel/contract/hooks.js';
import { stageName } from '../../kernel/contract/stage-name.js';
import { formatPlace } from '../../kernel/diagnostics/diagnostic.js';
import { displayPath } from '../../kernel/diagnostics/display-path.js';
import type { Assembly } from '../../kernel/server/assembly.js';
import { load, withAssembly } from '../configuration.js';
import { type Given, locate } from '../configuration-file.js';
import { EXIT } from '../exit.js';
import { heading, print, say } from '../terminal.js';
import { packageVersion, versionIn } from '../version.js';

/**
 * @returns the exit code
 * @throws UsageError
 */
export async function printPlugins(given: Given): Promise<number> {
  const isAsked = given.config !== undefined || given.prefix !== undefined;
  if (!isAsked && (await locate(given)) === undefined) {
    say('found no configuration; these are the built-in plugins');
    const builtins = builtinPlugins();
    await printAll(
      builtins.map((plugin) => ({ plugin, place: undefined, file: undefined })),
      undefined,
    );
    return EXIT.ok;
  }
  const loaded = await load(given);
  if (loaded === undefined) return EXIT.failure;
  const { source } = loaded;
  const done = await withAssembly(loaded, async (assembly) => {
    await printAll(source.plugins, assembly);
    return true;
  });
  return done ? EXIT.ok : EXIT.failure;
}

async function printAll(loaded: readonly LoadedPlugin[], assembly: Assembly | undefined): Promise<void> {
  const taps = assembly === undefined ? [] : tapsOf(assembly);
  for (const [index, plugin] of loaded.entries()) {
    const { name } = plugin.plugin;
    const own = taps.filter(({ tap }) => tap.plugin === name);
    const parts = [
      `${heading(name)}, ${await originOf(plugin)}\n`,
      directivesOf(plugin),
      ...(assembly === undefined ? [] : [tapLines(own)]),
    ];
    print(`${index === 0 ? '' : '\n'}${parts.join('')}`);
  }
}

async function originOf({ file, place }: LoadedPlugin): Promise<string> {
  if (file === undefined) return `built in, ${await packageVersion()}`;
  // For a file next to the configuration, the nearest package.json belongs to another project.
  const manifest = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(file)?.[0];
  const version =
    manifest === undefined ? '' : `${await versionIn(pathToFileURL(`${manifest}package.json`))}, `;
  const by = place === undefined ? '' : `, loaded at ${formatPlace(place)}`;
  return `${version}${displayPath(file)}${by}`;
}

function directivesOf({ plugin }: LoadedPlugin): string {
  const rows = Object.entries(plugin.directives);
  if (rows.length === 0) return '  has no directives\n';
  return rows
    .map(
      ([name, { usage, contexts, help }]) =>
        `  ${name} ${usage};\n      ${help}\n      in ${contexts.join(', ')}\n`,
    )
    .join('');
}

/** In the order of a request. */
const HOOKS: readonly Tap['hook'][] = [
  'onConfig',
  'onRequest',
  'onRoute',
  'onResponse',
  'onDone',
  'onChanged',
];

/** A tap, with the names of all routes that have the same one. */
interface Tapped {
  readonly tap: Tap;
  readonly routes: string[];
}

function tapsOf({ hooks, sites }: Assembly): readonly Tapped[] {
  const found = new Map<string, Tapped>();
  const add = (tap: Tap, route: string): void => {
    const key = JSON.stringify([tap.plugin, tap.hook, tap.stage, tap.methods]);
    const tapped = found.get(key) ?? { tap, routes: [] };
    found.set(key, tapped);
    if (tapped.routes.at(-1) !== route) tapped.routes.push(route);
  };
  for (const tap of hooks.taps) add(tap, 'every server');
  for (const { table } of sites) {
    for (const route of table.routes()) for (const tap of route.hooks.taps) add(tap, route.name);
  }
  const order = ({ tap }: Tapped): number => HOOKS.indexOf(tap.hook);
  return [...found.values()].sort((one, other) => order(one) - order(other));
}

function tapLines(taps: readonly Tapped[]): string {
  if (taps.length === 0) return '  taps nothing in this configuration\n';
  return taps
    .map(({ tap: { hook, stage, methods }, routes }) => {
      const asked = methods === undefined ? 'any method' : methods.join(', ');
      const of = hook === 'onRoute' ? ` for ${asked}` : '';
      const lines = routes.map((route) => `      ${route}\n`).join('');
      return `  taps ${hook} at stage ${stageName(stage)} (${stage})${of}:\n${lines}`;
    })
    .join('');
}
