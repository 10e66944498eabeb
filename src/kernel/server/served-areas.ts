import { realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { RouteConfig } from '../contract/config.js';
import type { Plugin } from '../contract/plugin.js';
import type { RootMapping } from '../path/url-path.js';
import type { Route } from '../routing/route.js';
import { RouteScripts, type ScriptOptions, scriptOptionsOf } from '../routing/scripts.js';
import type { BuiltSite } from './site-builder.js';

/** A part of the URL space of a server, and the directory that it is mapped to. */
export interface Area {
  readonly site: BuiltSite;
  readonly block: RouteConfig;
  /** The block around it. */
  readonly outer: Area | undefined;
  readonly root: RootMapping | undefined;
  /** The prefix of its paths: empty for all, `/img`. */
  readonly url: string;
  /** With links resolved; empty without a root. */
  readonly directory: string;
  /** The file's name, where it is one exact path. */
  readonly name: string | undefined;
}

/** The treatment of a URL's file by a server. */
export interface Treatment {
  readonly root: RootMapping | undefined;
  /** The location that the path lies in, and the extension location that acts there. */
  readonly block: RouteConfig;
  readonly location: RouteConfig | undefined;
  readonly runs: boolean;
  /** The configuration says that it does not run. */
  readonly off: boolean;
  readonly sends: boolean;
  readonly runner: Plugin | undefined;
}

/** Where the routes of a configuration are mapped to on the disk, and what they do with files there. */
export class ServedAreas {
  readonly areas: readonly Area[];
  /** The extensions of all scripts, with their dot; an empty one where files without an extension run. */
  readonly extensions: ReadonlySet<string>;
  readonly #plugins: readonly Plugin[];
  readonly #real = new Map<string, string>();
  readonly #inside = new WeakMap<RouteConfig, WeakMap<RouteConfig['options'], ScriptOptions>>();

  constructor(sites: readonly BuiltSite[], plugins: readonly Plugin[]) {
    this.#plugins = plugins.filter(({ scripts }) => scripts !== undefined);
    const extensions = new Set<string>();
    for (const { table } of sites) {
      for (const { scripts } of table.routes()) {
        for (const extension of scripts?.extensions ?? []) extensions.add(extension);
        if (scripts?.every) extensions.add('');
      }
    }
    this.extensions = extensions;
    this.areas = extensions.size === 0 ? [] : sites.flatMap((site) => [...this.#areasOf(site)]);
  }

  /** A directory with links resolved, as far as it exists. */
  real(path: string): string {
    const known = this.#real.get(path);
    if (known !== undefined) return known;
    let real: string;
    try {
      real = realpathSync(path);
    } catch {
      const parent = dirname(path);
      real = parent === path ? path : join(this.real(parent), basename(path));
    }
    this.#real.set(path, real);
    return real;
  }

  /** The real directory that a URL prefix is mapped to. */
  directoryOf(mapping: RootMapping, prefix: string): string {
    return this.real(join(mapping.directory, relative(mapping.prefix, prefix)));
  }

  /** The treatment of a file in an area. @param path below its directory: `sub/x.php` */
  treatmentOf(area: Area, path: string): Treatment {
    const { table, blocks, server } = area.site;
    const url = area.name === undefined ? `${area.url}/${path}` : area.url;
    const node = table.nodeOf(url);
    const found = table.locationIn(node, url);
    const block = blocks.get(node.route) ?? server.route;
    const location = found && blocks.get(found);
    const { runners, off } = this.#scriptsAt(node.route, block, found, location);
    const name = basename(path);
    const runner = runners.find(({ names }) => new RouteScripts([names]).runs(name));
    const built = found === undefined ? node.route : table.builtAt(url);
    return {
      root: location?.uses.has('root') ? location.root : block.root,
      block,
      location,
      runs: runner !== undefined,
      off,
      sends: runner === undefined && !off && (built ?? node.route).offers('files') === true,
      runner: runner?.plugin,
    };
  }

  #scriptsAt(
    around: Route,
    block: RouteConfig,
    found: Route | undefined,
    location: RouteConfig | undefined,
  ): ScriptOptions {
    if (found === undefined || location?.inside === undefined)
      return scriptOptionsOf(this.#plugins, block.options);
    if (block.children.includes(location) || around === found)
      return scriptOptionsOf(this.#plugins, location.options);
    const known = this.#inside.get(location)?.get(block.options);
    if (known !== undefined) return known;
    const options = scriptOptionsOf(this.#plugins, location.inside(block).options);
    const byOptions = this.#inside.get(location) ?? new WeakMap<RouteConfig['options'], ScriptOptions>();
    this.#inside.set(location, byOptions.set(block.options, options));
    return options;
  }

  *#areasOf(site: BuiltSite): IterableIterator<Area> {
    yield* this.#areasIn(site, site.server.route, undefined);
  }

  *#areasIn(site: BuiltSite, block: RouteConfig, outer: Area | undefined): IterableIterator<Area> {
    const area = this.#area(site, block, outer);
    if (area.root !== undefined) yield area;
    for (const child of block.children) yield* this.#areasIn(site, child, area);
  }

  #area(site: BuiltSite, block: RouteConfig, outer: Area | undefined): Area {
    const { pattern, prefix, uses } = block;
    // Without a root of its own, an extension location has the files of the locations that it acts in.
    const root = pattern.kind === 'extension' && !uses.has('root') ? undefined : block.root;
    const common = { site, block, outer, root };
    if (pattern.kind === 'exact') {
      const file = root === undefined ? '' : join(root.directory, relative(root.prefix, pattern.path));
      const directory = root === undefined ? '' : this.real(dirname(file));
      return { ...common, url: pattern.path, directory, name: basename(file) };
    }
    const directory = root === undefined ? '' : this.directoryOf(root, prefix);
    return { ...common, url: prefix === '/' ? '' : prefix, directory, name: undefined };
  }
}
