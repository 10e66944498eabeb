import { relative } from 'node:path';
import type { RouteConfig } from '../contract/config.js';
import type { FileStore } from '../contract/offers.js';
import type { Plugin } from '../contract/plugin.js';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import type { Diagnostic, Place } from '../diagnostics/diagnostic.js';
import { displayPath } from '../diagnostics/display-path.js';
import { isUnder } from '../path/url-path.js';
import type { Route } from '../routing/route.js';
import { type Area, ServedAreas, type Treatment } from './served-areas.js';
import type { BuiltSite } from './site-builder.js';

/** Pairs of directories that are compared for warnings; enough for hundreds of locations that differ in what runs there. */
const MAX_COMPARISONS = 100_000;

/**
 * Compares what the routes of all servers do with scripts in the same directories: a file that clients can create must
 * not run (an error), and a file that runs in one location should not be sent as source by another (a warning).
 */
export function scriptExposure(
  sites: readonly BuiltSite[],
  plugins: readonly Plugin[],
): readonly Diagnostic[] {
  const served = new ServedAreas(sites, plugins);
  if (served.areas.length === 0) return [];
  return distinct([...uploadsThatRun(sites, served), ...sourcesSent(served)]);
}

/** Where clients can create files by the URLs of a route. */
interface RouteStore {
  readonly route: Route;
  readonly store: FileStore;
}

function storeOf(route: Route): readonly RouteStore[] {
  const store = route.offers('takesFiles');
  return store === undefined ? [] : [{ route, store }];
}

/** Reports one error for each directory that is declared so, and its subdirectories. */
function uploadsThatRun(sites: readonly BuiltSite[], served: ServedAreas): readonly Diagnostic[] {
  const stores = sites.flatMap(({ routes }) => routes.flatMap(storeOf));
  const found: Diagnostic[] = [];
  const refused: string[] = [];
  const isWritten = ({ store }: RouteStore): boolean => store.place !== undefined;
  for (const each of [...stores.filter(isWritten), ...stores.filter((one) => !isWritten(one))]) {
    const directory = served.directoryOf(each.store.mapping, each.route.prefix);
    if (!isWritten(each) && refused.some((outer) => isUnder(directory, outer))) continue;
    const error = uploadError(each, directory, served);
    if (error === undefined) continue;
    found.push(error);
    refused.push(directory);
  }
  return found;
}

function uploadError(
  { route, store }: RouteStore,
  directory: string,
  served: ServedAreas,
): Diagnostic | undefined {
  for (const area of served.areas) {
    const treatment = runsIn(area, directory, served);
    if (treatment === undefined) continue;
    const { block, runner } = treatment;
    const off = runner?.scripts?.off ?? '';
    const where = block.place === route.place ? 'here' : `in ${block.name}`;
    const shown = displayPath(directory);
    const message = `uploads are stored in ${shown}, where scripts run: an uploaded script would run`;
    const hint = `write "${off}" ${where}, store them elsewhere, or write "${store.permission}" if that is meant`;
    const code: DiagnosticCode = 'uploaded-scripts';
    const place = store.place ?? route.place;
    return { severity: 'error', code, message, place, hint, related: related(treatment, area) };
  }
  return undefined;
}

/** How a script runs in an area that was put into a directory or below; undefined where none would. */
function runsIn(area: Area, directory: string, served: ServedAreas): Treatment | undefined {
  if (area.name !== undefined) {
    const treatment = isUnder(area.directory, directory) ? served.treatmentOf(area, area.name) : undefined;
    return treatment?.runs ? treatment : undefined;
  }
  const isInside = isUnder(directory, area.directory);
  if (!isInside && !isUnder(area.directory, directory)) return undefined;
  const below = isInside ? relative(area.directory, directory) : '';
  for (const extension of served.extensions) {
    const treatment = served.treatmentOf(area, fileIn(below, extension));
    if (treatment.runs && treatment.root === area.root) return treatment;
  }
  return undefined;
}

/** A name that no exact location has. */
const SOME_NAME = 'any script\u00a0';

/** Some file with an extension. */
function fileIn(directory: string, extension: string): string {
  return `${directory === '' ? '' : `${directory}/`}${SOME_NAME}${extension}`;
}

/** An area that runs files with an extension. */
interface Running {
  readonly area: Area;
  readonly treatment: Treatment;
}

function sourcesSent(served: ServedAreas): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const warned = new Map<Area, string[]>();
  let comparisons = 0;
  for (const extension of served.extensions) {
    if (extension === '') continue;
    const running = new Map<string, Running[]>();
    const others: Area[] = [];
    for (const area of served.areas) {
      const treatment = served.treatmentOf(area, area.name ?? fileIn('', extension));
      const isOwn = treatment.root === area.root && (area.name ?? extension).endsWith(extension);
      if (isOwn && treatment.runs && area.name === undefined) {
        running.set(area.directory, [...(running.get(area.directory) ?? []), { area, treatment }]);
      } else if (isOwn && !treatment.runs) others.push(area);
    }
    for (const area of others) {
      const runs = runningBeside(area, extension, running, served, () => ++comparisons > MAX_COMPARISONS);
      if (runs === undefined) continue;
      const before = warned.get(area) ?? [];
      warned.set(area, [...before, extension]);
      const isRepeated = before.length > 0 || (area.outer && warned.get(area.outer)?.includes(extension));
      if (!isRepeated) found.push(sourceWarning(area, extension, runs));
    }
  }
  return found;
}

/** Where files run that another area sends as they are. */
function runningBeside(
  area: Area,
  extension: string,
  running: ReadonlyMap<string, readonly Running[]>,
  served: ServedAreas,
  isEnough: () => boolean,
): Running | undefined {
  if (served.treatmentOf(area, area.name ?? fileIn('', extension)).sends) {
    for (let directory = area.directory; ; directory = parentOf(directory)) {
      const [first] = running.get(directory) ?? [];
      if (first !== undefined) return first;
      if (directory === '/') break;
    }
  }
  if (area.name !== undefined) return undefined;
  for (const [directory, [first]] of running) {
    if (isEnough()) return undefined;
    if (first === undefined || directory === area.directory || !isUnder(directory, area.directory)) continue;
    const treatment = served.treatmentOf(area, fileIn(relative(area.directory, directory), extension));
    if (treatment.sends && treatment.root === area.root) return first;
  }
  return undefined;
}

function parentOf(directory: string): string {
  return directory.slice(0, directory.lastIndexOf('/')) || '/';
}

function sourceWarning(
  { block, directory }: Area,
  extension: string,
  { area, treatment }: Running,
): Diagnostic {
  const off = treatment.runner?.scripts?.off ?? '';
  const runs = treatment.location?.name ?? treatment.block.name;
  const code: DiagnosticCode = 'script-source';
  return {
    severity: 'warning',
    code,
    message: `${block.name} sends the source of *${extension} files below ${displayPath(directory)}, which ${runs} runs as scripts`,
    place: block.place,
    hint: `run them here too, or write "${off}" here if their source is to be sent`,
    related: related(treatment, area),
  };
}

/** The line that makes scripts run. */
function related(
  { location, block, runner }: Treatment,
  area: Area,
): readonly { message: string; place: Place }[] {
  const directive = runner?.scripts?.off.replace(/ .*/, '') ?? '';
  const blocks = [location, block, ...outward(area)];
  for (const { uses } of blocks.filter((each) => each !== undefined)) {
    const use = (uses.get(directive) ?? []).at(-1);
    if (use !== undefined) return [{ message: 'scripts run by this line', place: use.place }];
  }
  return [];
}

function outward(area: Area): readonly RouteConfig[] {
  const blocks: RouteConfig[] = [];
  for (let each: Area | undefined = area; each !== undefined; each = each.outer) blocks.push(each.block);
  return blocks;
}

/** A line of an included file may be found in many servers. */
function distinct(found: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return found.filter(({ code, message, place }) => {
    const key = JSON.stringify([code, message, place?.file, place?.line, place?.column]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
