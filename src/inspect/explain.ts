import type { Config, Listen, RouteConfig } from '../kernel/contract/config.js';
import type { Tap } from '../kernel/contract/hooks.js';
import type { Script } from '../kernel/contract/script.js';
import { type Bound, endpointsOf } from '../kernel/exchange/endpoints.js';
import { openFile } from '../kernel/files/open-file.js';
import { HttpError } from '../kernel/http/errors.js';
import { type DecodedPath, type FilePath, leadingPath, resolveUnder } from '../kernel/path/url-path.js';
import { requireMethod, respondByMethod } from '../kernel/routing/methods.js';
import type { Route } from '../kernel/routing/route.js';
import type { Assembly } from '../kernel/server/assembly.js';
import { explainHandshake, type HandshakeExplanation } from './explain-handshake.js';
import { choiceOf, type ServerChoice } from './server-choice.js';

/** Explains a request by the same tables that dispatch uses, without running it. */

export interface Question {
  readonly method: string;
  /** undefined: the one that is spoken at the address. */
  readonly scheme: 'http' | 'https' | undefined;
  /** Lower case; undefined when none is named. */
  readonly host: string | undefined;
  /** undefined: that of the configuration's first address. */
  readonly port: number | undefined;
  readonly path: DecodedPath;
}

export interface Explanation extends ServerChoice {
  readonly listen: Listen;
  /** The TLS handshake; undefined without one. */
  readonly tls: HandshakeExplanation | undefined;
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
  const servers = new Map(assembly.sites.map((built) => [built.site, built]));
  const sites = assembly.sites.map(({ site }) => site);
  const bound = boundFor(endpointsOf(config, sites), question);
  const built = bound && servers.get(bound.endpoint.find(question.host ?? ''));
  if (bound === undefined || built === undefined) return undefined;
  const { listen } = bound;
  const { server } = built;
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
    ...choiceOf(server, question.host ?? '', listen, config.servers),
    listen,
    tls: isEncrypted(question, listen)
      ? await explainHandshake({ bound, built, sites: assembly.sites, host: question.host ?? '' })
      : undefined,
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

function isEncrypted({ scheme }: Question, { tls }: Listen): boolean {
  return tls && scheme !== 'http';
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
