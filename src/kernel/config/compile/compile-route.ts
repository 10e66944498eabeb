import type { CheckedBlock, Doubts, RouteConfig, RoutePattern } from '../../contract/config.js';
import { ArgumentError, type Context, type DirectiveUse } from '../../contract/directive.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import type { Registry } from '../directives/registry.js';
import { checkBlock } from './check.js';
import { insideOf } from './extension-location.js';
import type { WrittenRoutes } from './forget-directives.js';
import { type CompileContext, type InheritedValues, ownOrAround } from './inherit.js';
import { type LocationPattern, locationKey, misplacement, readLocation } from './location.js';

/** A block whose directives were sorted, and how many errors there were before that. */
export interface SortedBlock {
  readonly uses: CheckedBlock;
  readonly errorsBefore: number;
}

export function sortBlock(
  uses: readonly DirectiveUse[],
  context: Context,
  compiling: CompileContext,
): SortedBlock {
  const errorsBefore = compiling.findings.errors;
  return { uses: checkBlock(uses, context, compiling), errorsBefore };
}

/** A block's own values over the ones around it. */
export function inherit(
  { uses: block, errorsBefore }: SortedBlock,
  outer: InheritedValues,
  prefix: string,
  context: CompileContext,
): InheritedValues {
  const { findings, registry } = context;
  const values = ownOrAround(block, outer, prefix, context);
  if (findings.errors === errorsBefore) return { ...values, doubts: outer.doubts };
  return { ...values, doubts: doubtsAbout(findings.concernsSince(errorsBefore), outer.doubts, registry) };
}

/** Directives of the kernel by which plugins judge a block. */
const JUDGED_BY: ReadonlySet<string> = new Set(['root', 'server_dir', 'include', 'load_plugin']);

function doubtsAbout(
  concerns: readonly (string | undefined)[],
  around: Doubts | undefined,
  registry: Registry,
): Doubts {
  const names = concerns.map((name) => (name === undefined ? undefined : registry.canonical(name)));
  const plugins = names.map((name) => (name === undefined ? undefined : registry.pluginOf(name)));
  return {
    all: around?.all === true || names.some((name) => name === undefined || JUDGED_BY.has(name)),
    plugins: new Set([...(around?.plugins ?? []), ...plugins.filter((plugin) => plugin !== undefined)]),
  };
}

export interface RouteBlock {
  readonly pattern: RoutePattern;
  readonly name: string;
  readonly prefix: string;
  readonly place: Place;
  readonly block: SortedBlock;
}

/**
 * A server's or location's route with the routes inside it.
 * @param written gathers the routes
 * @param paths where the server's locations by path are written: the longest wins wherever it is written, so a path may
 * be there only once
 */
export function compileRoute(
  { pattern, name, prefix, place, block }: RouteBlock,
  outer: InheritedValues,
  context: CompileContext,
  written: WrittenRoutes,
  paths: Map<string, Place> = new Map(),
): RouteConfig {
  const values = inherit(block, outer, prefix, context);
  const parent: LocationPattern = {
    prefix,
    pattern: pattern.kind === 'server' ? { kind: 'prefix', path: prefix } : pattern,
  };
  const locations = block.uses.get('location') ?? noUses;
  const route = {
    // First: an object takes 60 bytes less when its spread part comes first.
    ...values,
    pattern,
    name,
    place,
    prefix,
    uses: block.uses,
    children: compileLocations(locations, parent, values, context, written, paths),
  };
  written.push(route);
  return route;
}

/** The context of the next block in one. */
export function insideOfBlock(context: CompileContext): CompileContext {
  return context.provenance === undefined ? context : { ...context, provenance: context.provenance.inside() };
}

const noUses: readonly DirectiveUse[] = Object.freeze([]);

function compileLocations(
  uses: readonly DirectiveUse[],
  parent: LocationPattern,
  outer: InheritedValues,
  context: CompileContext,
  written: WrittenRoutes,
  paths: Map<string, Place>,
): readonly RouteConfig[] {
  const routes: RouteConfig[] = [];
  const extensions = new Map<string, Place>();
  for (const use of uses) {
    const location = locate(use, parent, context);
    if (location !== undefined) {
      const seen = location.pattern.kind === 'extension' ? extensions : paths;
      reportDuplicate(use, location, seen, context);
    }
    const block = sortBlock(use.block ?? noUses, 'location', context);
    const within = insideOfBlock(context);
    const route = compileRoute(
      {
        // The content of a location that matches nothing is still checked.
        ...(location ?? parent),
        name: `location ${use.arguments.map(({ text }) => text).join(' ')}`,
        place: use.place,
        block,
      },
      outer,
      within,
      written,
      paths,
    );
    routes.push(
      route.pattern.kind === 'extension'
        ? { ...route, inside: (around) => insideOf(route, outer, around, context) }
        : route,
    );
  }
  return routes;
}

function locate(
  use: DirectiveUse,
  parent: LocationPattern,
  { findings }: CompileContext,
): LocationPattern | undefined {
  if (use.arguments.length < 1 || use.arguments.length > 2) return undefined; // reported by the block's check
  try {
    const location = readLocation(use, parent.prefix);
    const problem = misplacement(location, parent);
    if (problem !== undefined) {
      findings.error(
        'location-outside-parent',
        `this location cannot match inside the one around it: ${problem}`,
        use.arguments.at(-1)?.place ?? use.place,
      );
    }
    return location;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    findings.error(
      'invalid-location',
      error.message,
      error.argument?.place ?? use.place,
      error.hint === undefined ? {} : { hint: error.hint },
    );
  }
  return undefined;
}

function reportDuplicate(
  use: DirectiveUse,
  location: LocationPattern,
  seen: Map<string, Place>,
  { findings }: CompileContext,
): void {
  const key = locationKey(location);
  const place = use.arguments.at(-1)?.place ?? use.place;
  const first = seen.get(key);
  if (first === undefined) seen.set(key, place);
  else {
    const related = [{ message: 'first one here', place: first }];
    const around = location.pattern.kind === 'extension' ? 'block' : 'server';
    findings.error('duplicate-location', `this ${around} already has that location`, place, { related });
  }
}
