import type { Doubts, RouteConfig } from '../../contract/config.js';
import type { OptionValues, Scope } from '../../contract/directive.js';
import type { Plugin } from '../../contract/plugin.js';
import { Findings } from '../../diagnostics/findings.js';
import { core } from '../directives/core.js';
import type { CompileContext, InheritedValues } from './inherit.js';
import { settleTypes } from './types.js';
import { settle } from './values.js';

/**
 * An extension location as it acts inside another location of its block: what it says itself, over the values of that
 * location. What it says was read where it is written, once: blocks that share a limit share it here too. Only values that
 * add to the ones around are read again. Its `root` maps the prefix of the block it is written in, wherever it acts.
 * @param written the values of the block that it is written in
 */
export function insideOf(
  location: RouteConfig,
  written: InheritedValues,
  around: RouteConfig,
  { plugins, scope }: CompileContext,
): RouteConfig {
  const { pattern, name, place, children, uses } = location;
  const own = (directive: string): RouteConfig => (uses.has(directive) ? location : around);
  // Its errors were reported where it is written.
  const findings = new Findings();
  return {
    pattern,
    name,
    place,
    children,
    prefix: around.prefix,
    root: own('root').root,
    followSymlinks: own('follow_symlinks').followSymlinks,
    ignoreClientAbort: own('ignore_client_abort').ignoreClientAbort,
    hiddenFiles: own('hidden_files').hiddenFiles,
    maxBodySize: own('client_max_body_size').maxBodySize,
    pluginTimeout: own('plugin_timeout').pluginTimeout,
    trace: own('trace').trace,
    methods: own('methods').methods,
    errorPages: settle('error_page', core.error_page, uses, around.errorPages, { scope, findings }),
    types: settleTypes(uses.get('types'), around.types, scope, findings),
    defaultType: own('default_type').defaultType,
    charset: own('charset').charset,
    options: optionsInside(location, written, around, plugins, scope),
    uses: new Map([...[...around.uses].filter(([directive]) => directive !== 'location'), ...uses]),
    doubts: bothDoubts(location.doubts, around.doubts),
  };
}

/** The options of every plugin; the objects of the location around where nothing differs from it. */
function optionsInside(
  location: RouteConfig,
  written: InheritedValues,
  around: RouteConfig,
  plugins: readonly Plugin[],
  scope: Scope,
): ReadonlyMap<string, OptionValues> {
  const options = new Map(around.options);
  for (const { name: plugin, directives } of plugins) {
    const values = around.options.get(plugin) ?? {};
    const changed: Record<string, unknown> = {};
    for (const [name, row] of Object.entries(directives)) {
      const outer = row.inheritance === 'none' ? row.fallback : values[name];
      const isSaidAround = outer !== written.options.get(plugin)?.[name];
      const value =
        !location.uses.has(name) || (isSaidAround && row.outranks?.(outer))
          ? outer
          : row.inheritance === 'merge'
            ? settle(name, row, location.uses, outer, { scope, findings: new Findings() })
            : location.options.get(plugin)?.[name];
      if (value !== values[name]) changed[name] = value;
    }
    if (Object.keys(changed).length > 0) options.set(plugin, Object.freeze({ ...values, ...changed }));
  }
  return options;
}

function bothDoubts(one: Doubts | undefined, other: Doubts | undefined): Doubts | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { all: one.all || other.all, plugins: new Set([...one.plugins, ...other.plugins]) };
}
