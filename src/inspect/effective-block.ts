import type { Config, RouteConfig } from '../kernel/contract/config.js';
import type { Place } from '../kernel/diagnostics/diagnostic.js';

/** A directive in effect in a block. */
export interface Setting {
  readonly name: string;
  readonly words: readonly string[];
  /** `default`: not written anywhere; `inherited`: written in an enclosing block. */
  readonly origin: 'own' | 'inherited' | 'default';
  /** Where it is written; undefined for a default. */
  readonly place: Place | undefined;
  /**
   * True where writing it into this block changes nothing. False for an inherited `root`, which maps the prefix of its
   * own block, and for a value that the inheriting blocks share.
   */
  readonly mayBeWritten: boolean;
}

/** A block with every directive in effect in it. */
export interface EffectiveBlock {
  readonly name: string;
  readonly words: readonly string[];
  readonly place: Place | undefined;
  readonly settings: readonly Setting[];
  readonly blocks: readonly EffectiveBlock[];
}

/** The effective block of each block that handles requests. */
export function effectiveBlocks(
  config: Config,
  main: EffectiveBlock,
): ReadonlyMap<RouteConfig, EffectiveBlock> {
  const blocks = new Map<RouteConfig, EffectiveBlock>();
  const add = (route: RouteConfig, block: EffectiveBlock | undefined): void => {
    if (block === undefined) return;
    blocks.set(route, block);
    const locations = block.blocks.filter(({ name }) => name === 'location');
    route.children.forEach((child, index) => {
      add(child, locations[index]);
    });
  };
  const servers = main.blocks.filter(({ name }) => name === 'server');
  config.servers.forEach(({ route }, index) => {
    add(route, servers[index]);
  });
  return blocks;
}

/**
 * The directives in effect where an extension location acts inside another location: its own, and those of that
 * location.
 * @param adds whether a directive's values are added to those of enclosing blocks
 */
export function settingsInside(
  around: EffectiveBlock,
  location: EffectiveBlock,
  adds: (directive: string) => boolean,
): readonly Setting[] {
  const own = location.settings.filter(({ origin }) => origin === 'own');
  const replaced = new Set(own.map(({ name }) => name).filter((name) => !adds(name)));
  const inherited = around.settings.filter(({ name, origin }) => origin !== 'default' && !replaced.has(name));
  return [...inherited.map((setting): Setting => ({ ...setting, origin: 'inherited' })), ...own];
}
