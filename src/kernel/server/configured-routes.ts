import type { RouteConfig, ServerConfig } from '../contract/config.js';
import type { OptionValues } from '../contract/directive.js';
import type { ConfiguredRoute } from '../contract/plugin.js';
import type { RootMapping } from '../path/url-path.js';

/** Extension locations that act in a block, by extension. */
type Acting = ReadonlyMap<string, RouteConfig>;

const NONE: Acting = new Map();

/** Yields a plugin's options in every route of a configuration. Blocks whose values for the plugin are in doubt are left out. */
export function* configuredRoutes(
  plugin: string,
  servers: readonly ServerConfig[],
): Generator<ConfiguredRoute<OptionValues>> {
  const inner = new InnerPairs(plugin);
  for (const { route } of servers) yield* routesIn(route, NONE, plugin, inner);
}

/** @param around the extension locations of the blocks around that act in this one */
function* routesIn(
  config: RouteConfig,
  around: Acting,
  plugin: string,
  inner: InnerPairs,
): Generator<ConfiguredRoute<OptionValues>> {
  if (!isDoubtful(config, plugin)) {
    yield { options: config.options.get(plugin) ?? {}, root: config.root };
    for (const location of around.values()) {
      if (config.pattern.kind === 'prefix' && inner.isNew(location, config)) yield inner.of(location, config);
    }
  }
  const acting = new Map(around);
  for (const child of config.children) {
    if (child.pattern.kind === 'extension') acting.set(child.pattern.extension, child);
  }
  for (const child of config.children) {
    const isOpen = child.pattern.kind === 'prefix' && child.pattern.isolated !== true;
    yield* routesIn(child, isOpen ? acting : NONE, plugin, inner);
  }
}

function isDoubtful({ doubts }: RouteConfig, plugin: string): boolean {
  return doubts !== undefined && (doubts.all || doubts.plugins.has(plugin));
}

/**
 * Extension locations inside other locations: a thousand locations that share what concerns the plugin are one pair with
 * each, or ten extension locations would be ten thousand.
 */
class InnerPairs {
  readonly #plugin: string;
  readonly #seen = new Map<RouteConfig, Map<OptionValues | undefined, Set<RootMapping | undefined>>>();

  constructor(plugin: string) {
    this.#plugin = plugin;
  }

  isNew(location: RouteConfig, { options, root }: RouteConfig): boolean {
    if (location.inside === undefined || isDoubtful(location, this.#plugin)) return false;
    const byOptions =
      this.#seen.get(location) ?? new Map<OptionValues | undefined, Set<RootMapping | undefined>>();
    this.#seen.set(location, byOptions);
    const own = options.get(this.#plugin);
    const roots = byOptions.get(own) ?? new Set();
    byOptions.set(own, roots);
    if (roots.has(root)) return false;
    roots.add(root);
    return true;
  }

  of(location: RouteConfig, around: RouteConfig): ConfiguredRoute<OptionValues> {
    const { options, root } = location.inside?.(around) ?? location;
    return { options: options.get(this.#plugin) ?? {}, root };
  }
}
