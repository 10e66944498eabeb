import type { Config, Listen, RouteConfig, ServerConfig } from '../kernel/contract/config.js';
import type { Tap } from '../kernel/contract/hooks.js';
import type { Script } from '../kernel/contract/script.js';
import { addressKey, type Bound, endpointsOf } from '../kernel/exchange/endpoints.js';
import { openFile } from '../kernel/files/open-file.js';
import { HttpError } from '../kernel/http/errors.js';
import { type DecodedPath, type FilePath, leadingPath, resolveUnder } from '../kernel/path/url-path.js';
import { requireMethod, respondByMethod } from '../kernel/routing/methods.js';
import type { Route } from '../kernel/routing/route.js';
import type { Assembly } from '../kernel/server/assembly.js';

/** Explains a request by the same tables that dispatch uses, without running it. */

export interface Question {
  readonly method: string;
  /** Lower case; undefined when none is named. */
  readonly host: string | undefined;
  /** undefined: that of the configuration's first address. */
  readonly port: number | undefined;
  readonly path: DecodedPath;
}

export interface Explanation {
  readonly listen: Listen;
  readonly server: ServerConfig;
  /** The name of the server's that the host is, or is below; undefined for the address's default server. */
  readonly name: string | undefined;
  /** Whether it says `default_server` there. */
  readonly isDefault: boolean;
  /** Whether no other server shares the address. */
  readonly isOnly: boolean;
  readonly route: Route;
  readonly block: RouteConfig;
  /** For a location by extension: as it is written, and the location that it acts in here. */
  readonly written: RouteConfig | undefined;
  readonly parent: RouteConfig | undefined;
  readonly script: Script | undefined;
  /** Another location whose restrictions hold too. */
  readonly guard: RouteConfig | undefined;
  readonly methods: readonly string[];
  /** The kernel's own response, which depends on the method alone. */
  readonly status: number | undefined;
  /** The response if no plugin responds. */
  readonly unanswered: 404 | 405;
  readonly file: FileFound | undefined;
  /** The taps on `onRequest`: asked before there is a route. */
  readonly askedFirst: readonly Tap[];
  /** The taps on `onRoute` for the method, in order: the first that responds wins. */
  readonly asked: readonly Tap[];
}

export interface FileFound {
  readonly path: FilePath;
  readonly kind: 'file' | 'directory' | 'absent' | 'forbidden' | 'special' | 'hidden';
  /** Bytes, of a file. */
  readonly size: number | undefined;
  /** For a missing file, the file in front of the rest of the path, as with a script. */
  readonly before: FilePath | undefined;
}

/** @returns undefined when nothing listens at the port */
export async function explain(
  config: Config,
  assembly: Assembly,
  question: Question,
): Promise<Explanation | undefined> {
  const { method, path } = question;
  const servers = new Map(
    assembly.sites.map((built, index) => [built.site, { built, server: config.servers[index] }]),
  );
  const sites = assembly.sites.map(({ site }) => site);
  const bound = boundFor(endpointsOf(config, sites), question);
  const found = bound && servers.get(bound.endpoint.find(question.host ?? ''));
  if (bound === undefined || found?.server === undefined) return undefined;
  const { built, server } = found;
  const match = await built.table.seek(path);
  if (match.error !== undefined) throw match.error;
  const { route, guard, script } = match;
  const block = built.blocks.get(route) ?? server.route;
  const whole = (await built.table.routeOf(path)) === route;
  const at = script === undefined || whole ? path : script.path;
  const node = built.table.nodeOf(at);
  const location = built.table.locationIn(node, at);
  const kernel = kernelAnswer(method, route, guard);
  return {
    listen: bound.listen,
    server,
    name: nameFor(server, question.host),
    isDefault: listensOf(server, bound.listen).some(({ isDefault }) => isDefault),
    isOnly: config.servers.every((other) => other === server || listensOf(other, bound.listen).length === 0),
    route,
    block,
    written: location && built.blocks.get(location),
    parent: built.blocks.get(node.route),
    script,
    guard: guard && built.blocks.get(guard),
    methods: kernel.methods,
    status: kernel.status,
    unanswered: unanswered(method, route),
    file: await fileFor(route, script?.path ?? path),
    askedFirst: assembly.hooks.taps.filter(({ hook }) => hook === 'onRequest'),
    asked: kernel.status === undefined ? route.hooks.taps.filter((tap) => isAsked(tap, method)) : [],
  };
}

/** The server's `listen` of an address. */
function listensOf({ listens }: ServerConfig, listen: Listen): readonly Listen[] {
  return listens.filter((own) => own === listen || addressKey(own) === addressKey(listen));
}

function isAsked({ hook, methods }: Tap, method: string): boolean {
  return hook === 'onRoute' && (methods === undefined || methods.includes(method));
}

/** An address by its port and, where several have it, the one a client that uses the host's name would reach. */
function boundFor(bounds: readonly Bound[], { host, port }: Question): Bound | undefined {
  if (port === undefined) return bounds[0];
  const candidates = bounds.filter(({ listen }) => listen.kind === 'tcp' && listen.port === port);
  const addresses = [
    host?.replace(/^\[|\]$/g, ''),
    host === 'localhost' ? '127.0.0.1' : undefined,
    '0.0.0.0',
    '::',
  ];
  for (const address of addresses) {
    const exact = candidates.find(({ listen }) => listen.kind === 'tcp' && listen.host === address);
    if (exact !== undefined) return exact;
  }
  return candidates[0];
}

/** The longest of the server's names that the host is or is below. */
function nameFor({ names }: ServerConfig, host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  if (names.includes(host)) return host;
  const wildcards = names.filter((name) => name.startsWith('*.') && host.endsWith(name.slice(1)));
  return wildcards.sort((one, other) => other.length - one.length)[0];
}

/** The methods listed in `Allow`, and the kernel's own response to the method. */
function kernelAnswer(
  method: string,
  route: Route,
  guard: Route | undefined,
): { readonly methods: readonly string[]; readonly status: number | undefined } {
  const methods = route.methodsDeclared ? route.methods : new Set([...route.methods, 'OPTIONS']);
  try {
    if (guard !== undefined) requireMethod({ method }, guard);
    const response = respondByMethod({ method, target: '/' }, route, () => [route]);
    return { methods: [...methods], status: response?.status };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { methods: [...methods], status: error.status };
  }
}

/** The same as in dispatch: 405 where another method might have found a tap that responds. */
function unanswered(method: string, { hooks, methods }: Route): 404 | 405 {
  if (hooks.onRoute === undefined || methods.size === 0) return 404;
  return methods.has(method) ? 404 : 405;
}

async function fileFor(route: Route, path: DecodedPath): Promise<FileFound | undefined> {
  const resolved = route.root && resolveUnder(route.root, path);
  if (resolved === undefined) return undefined;
  const found = { path: resolved, size: undefined, before: undefined };
  if (route.resolve(path) === undefined) return { ...found, kind: 'hidden' };
  const lookup = await openFile(resolved, route.boundary);
  if (lookup.kind === 'absent') return { ...found, kind: 'absent', before: await fileBefore(route, path) };
  if (lookup.kind !== 'file') return { ...found, kind: lookup.kind };
  lookup.file.close();
  return { ...found, kind: 'file', size: lookup.file.size };
}

/** The regular file among the directories of a path: nothing exists below it. */
async function fileBefore(route: Route, path: DecodedPath): Promise<FilePath | undefined> {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = leadingPath(path, end);
    const resolved = route.resolve(parent);
    if (resolved === undefined) return undefined;
    const lookup = await openFile(resolved, route.boundary);
    if (lookup.kind === 'file') lookup.file.close();
    if (lookup.kind !== 'absent') return lookup.kind === 'file' ? resolved : undefined;
  }
  return undefined;
}
