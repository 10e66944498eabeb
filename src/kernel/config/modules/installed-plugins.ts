import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DirectiveUse } from '../../contract/directive.js';
import type { Registry } from '../directives/registry.js';

/** Limits of the search, which only serves a hint. */
const MAX_PACKAGES = 200;

/**
 * Finds unknown directives that an installed plugin would define if it were loaded. Plugins name them in their
 * manifest, `"webservPlugin": { "directives": [ … ] }` in the package.json of a `webserv-plugin-…` that is installed
 * where `load_plugin` looks.
 * @returns directive → argument for `load_plugin`
 */
export async function providersOf(
  uses: readonly DirectiveUse[],
  registry: Registry,
  folder: string,
): Promise<ReadonlyMap<string, string>> {
  const unknown = new Set<string>();
  addUnknown(unknown, uses, registry);
  const providers = new Map<string, string>();
  if (unknown.size === 0) return providers;
  for (const { plugin, manifest } of await installed(folder)) {
    for (const name of await directivesOf(manifest)) {
      if (unknown.has(name) && !providers.has(name)) providers.set(name, plugin);
    }
  }
  return providers;
}

/** Matches the name of a directive; lines inside `types` do not match. */
function addUnknown(unknown: Set<string>, uses: readonly DirectiveUse[], registry: Registry): void {
  for (const { name, block } of uses) {
    if (!registry.isKnown(name) && /^[a-z][a-z0-9_]*$/.test(name)) unknown.add(name);
    if (block !== undefined) addUnknown(unknown, block, registry);
  }
}

interface Installed {
  readonly plugin: string;
  readonly manifest: string;
}

/** Nearest directory first, as Node resolves modules. */
async function installed(folder: string): Promise<readonly Installed[]> {
  const found: Installed[] = [];
  for (let at = folder; ; at = dirname(at)) {
    const modules = join(at, 'node_modules');
    for (const name of await entries(modules)) {
      const names = name.startsWith('@') ? await scoped(modules, name) : [name];
      for (const full of names) {
        const plugin = shortName(full);
        if (plugin === undefined || found.length >= MAX_PACKAGES) continue;
        found.push({ plugin, manifest: join(modules, full, 'package.json') });
      }
    }
    if (dirname(at) === at) return found;
  }
}

async function scoped(modules: string, scope: string): Promise<readonly string[]> {
  return (await entries(join(modules, scope))).map((name) => `${scope}/${name}`);
}

async function entries(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

/** `webserv-plugin-foo` → `foo`, `@me/webserv-plugin-foo` → `@me/foo`. */
function shortName(name: string): string | undefined {
  const match = /^(@[^/]+\/)?webserv-plugin-(.+)$/.exec(name);
  return match === null ? undefined : `${match[1] ?? ''}${match[2]}`;
}

async function directivesOf(manifest: string): Promise<readonly string[]> {
  try {
    const value: unknown = JSON.parse(await readFile(manifest, 'utf8'));
    const names = property(property(value, 'webservPlugin'), 'directives');
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
