import type { RouteConfig, ServerConfig } from '../contract/config.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { Site } from '../exchange/site.js';
import { InnerRoutes } from '../routing/inner-routes.js';
import type { Route } from '../routing/route.js';
import type { RouteNode } from '../routing/route-node.js';
import { RouteTable } from '../routing/route-table.js';
import { type BuildContext, buildRoute, type RouteKind } from './route-builder.js';

/** A server at work, and for those that ask about it: its routes, and the block each was built from. */
export interface BuiltSite {
  readonly site: Site;
  readonly table: RouteTable;
  readonly server: ServerConfig;
  readonly blocks: Pick<WeakMap<Route, RouteConfig>, 'get'>;
  /** Every route that was built at load. */
  readonly routes: readonly Route[];
}

/** Routes of extension locations inside others that are built while serving and kept, for each server. */
const MAX_LATE_ROUTES = 1000;

/** Builds a server's routes once, at load: every plugin is applied to every route, then the hooks are compiled. */
export async function buildSite(server: ServerConfig, context: BuildContext): Promise<BuiltSite> {
  const builder = new SiteBuilder(server, context);
  const root = await builder.node(server.route, undefined, undefined, 0);
  await builder.innerRoutes();
  const { exact, prefixes, inner, blocks, routes } = builder;
  const table = new RouteTable(root, exact, prefixes, inner);
  return { site: new Site(table, server, context.log), table, server, blocks, routes };
}

class SiteBuilder {
  readonly exact = new Map<string, RouteNode>();
  readonly prefixes = new Map<string, RouteNode>();
  readonly blocks = new WeakMap<Route, RouteConfig>();
  readonly routes: Route[] = [];
  readonly inner = new InnerRoutes((around, location) => this.#late(around, location), MAX_LATE_ROUTES);
  readonly #server: ServerConfig;
  readonly #context: BuildContext;

  constructor(server: ServerConfig, context: BuildContext) {
    this.#server = server;
    this.#context = context;
  }

  /**
   * A block's route, and those of the locations in it.
   * @param outer the route of the block around
   * @param around the nearest block around whose extension locations act in it
   * @param isolation @see RouteNode
   */
  async node(
    config: RouteConfig,
    outer: Route | undefined,
    around: RouteNode | undefined,
    isolation: number,
  ): Promise<RouteNode> {
    const route = await this.#route(config, outer, this.#context, {
      answers: isInnermost(config),
      isListed: true,
    });
    const node = { route, extensions: await this.#extensions(config, route), around, isolation };
    const acting = node.extensions === undefined ? around : node;
    for (const child of config.children) {
      const { pattern } = child;
      if (pattern.kind === 'exact') {
        this.exact.set(pattern.path, await this.node(child, route, undefined, isolation));
      } else if (pattern.kind === 'prefix') {
        const [block, depth] =
          pattern.isolated === true ? [undefined, pattern.path.length] : [acting, isolation];
        this.prefixes.set(pattern.path, await this.node(child, route, block, depth));
      }
    }
    return node;
  }

  /** Those that a small configuration needs; a large one's are built by the first request for each. */
  async innerRoutes(): Promise<void> {
    const { found, inner } = this.#context;
    for (const { route, around } of this.prefixes.values()) {
      for (const location of actingIn(around)) {
        if (inner.left <= 0) return;
        inner.left -= 1;
        const own: Diagnostic[] = [];
        this.inner.add(
          route,
          location,
          await this.#inside(route, location, { ...this.#context, found: own }, true),
        );
        found.push(...own.filter((finding) => !isKnown(finding, found)));
      }
    }
  }

  async #extensions(config: RouteConfig, around: Route): Promise<ReadonlyMap<string, Route> | undefined> {
    const extensions = new Map<string, Route>();
    // A location without a root of its own may have one where it acts.
    const actsElsewhere = config.children.some(({ pattern }) => pattern.kind === 'prefix');
    for (const child of config.children) {
      if (child.pattern.kind !== 'extension') continue;
      const route = await this.#route(child, around, this.#context, {
        answers: !actsElsewhere,
        isListed: true,
      });
      extensions.set(child.pattern.extension, route);
      this.inner.add(around, route, route);
    }
    return extensions.size === 0 ? undefined : extensions;
  }

  async #route(
    config: RouteConfig,
    around: Route | undefined,
    context: BuildContext,
    kind: RouteKind,
  ): Promise<Route> {
    const route = await buildRoute(config, { server: this.#server, around }, context, kind);
    this.blocks.set(route, config);
    if (kind.isListed) this.routes.push(route);
    return route;
  }

  #inside(around: Route, location: Route, context: BuildContext, isListed: boolean): Promise<Route> {
    const config = this.blocks.get(around);
    const inside = this.blocks.get(location)?.inside;
    if (config === undefined || inside === undefined)
      throw new Error(`not an extension location: ${location.name}`);
    return this.#route(inside(config), around, context, { answers: false, isListed });
  }

  /** While serving: what was found wrong with it closes this one route. */
  async #late(around: Route, location: Route): Promise<Route> {
    const found: Diagnostic[] = [];
    const route = await this.#inside(around, location, { ...this.#context, found, successor: true }, false);
    for (const { message } of found) this.#context.log.warn(`${route.label}: ${message}`);
    return route;
  }
}

/** The extension locations of the blocks around that act in one: of those with the same extension the innermost. */
function actingIn(around: RouteNode | undefined): Iterable<Route> {
  const acting = new Map<string, Route>();
  for (let block = around; block !== undefined; block = block.around) {
    for (const [extension, location] of block.extensions ?? []) {
      if (!acting.has(extension)) acting.set(extension, location);
    }
  }
  return acting.values();
}

/** Whether a finding repeats one about where the location, or the one around it, is written. */
function isKnown({ code, message, severity }: Diagnostic, found: readonly Diagnostic[]): boolean {
  return found.some(
    (other) => other.code === code && other.message === message && other.severity === severity,
  );
}

/** A server, or a location around others, may leave the responses to them. */
function isInnermost({ pattern, uses }: RouteConfig): boolean {
  return pattern.kind !== 'server' && !uses.has('location');
}
