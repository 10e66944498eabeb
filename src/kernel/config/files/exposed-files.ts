import { access, constants, open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Config, MainSettings, RouteConfig } from '../../contract/config.js';
import type { DirectiveTable, DirectiveUse } from '../../contract/directive.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import { displayPath } from '../../diagnostics/display-path.js';
import type { Findings } from '../../diagnostics/findings.js';
import { isUnder, isVisible, type RootMapping } from '../../path/url-path.js';
import { isRoot } from '../../rights/account.js';
import { argument } from '../directives/arguments.js';
import { core } from '../directives/core.js';
import type { Registry } from '../directives/registry.js';
import { pemPath } from '../directives/tls.js';

/** A file that the configuration names, or is made of: no client has to read it. */
interface NamedFile {
  readonly path: string;
  readonly what: string;
  /** Where it is named. */
  readonly place: Place | undefined;
}

/** A route whose files are sent as they are. */
interface ServedRoot {
  readonly route: RouteConfig;
  /** Without links in it. */
  readonly directory: string;
}

/** More than any configuration names; what is beyond is not looked at. */
const MAX_FILES = 1000;
/** A private key is about 3 KiB, behind a certificate chain at most. */
const KEY_BYTES = 64 * 1024;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;

/** Served on purpose, or not a file that is read. */
const ROOTS: ReadonlySet<string> = new Set(['root', 'include', 'load_plugin', 'server_dir', 'state_dir']);

/**
 * Warns about files below a root that clients could download: the configuration itself, the sources of plugins, and
 * files that directives name (passwords, sessions, logs). A private key among them is an error.
 */
export async function reportExposedFiles(
  config: Config,
  uses: readonly DirectiveUse[],
  registry: Registry,
  sources: readonly string[],
  findings: Findings,
): Promise<void> {
  const roots = await servedRoots(config);
  if (roots.length === 0) return;
  await reportExposedState(config, roots, findings);
  const tables: DirectiveTable = Object.assign(
    {},
    core,
    ...registry.plugins.map((plugin) => plugin.directives),
  );
  const named = [
    ...sources.map((path) => ({ path, what: 'of the configuration', place: undefined })),
    ...namedFiles(uses, registry, tables, config.main.serverDir),
  ];
  const known = new Set<string>();
  for (const { path, what, place } of named.slice(0, MAX_FILES)) {
    const file = await realpath(path).catch(() => undefined);
    if (file === undefined || known.has(file)) continue;
    known.add(file);
    const root = roots.find((each) => sends(each, file));
    if (root === undefined || !(await isReadable(file, config))) continue;
    const shown = displayPath(path);
    const where = place ?? root.route.uses.get('root')?.[0]?.place ?? root.route.place;
    const hint = 'move it out of the root, or give it a name with a dot in front';
    if (await holdsPrivateKey(file)) {
      const message = `the private key in ${shown} lies in the root of ${root.route.name}, where it can be downloaded`;
      findings.error('exposed-key', message, where, { hint });
    } else {
      const message = `the file ${shown} (${what}) lies in the root of ${root.route.name}, where it can be downloaded`;
      findings.warning('exposed-file', message, where, { hint });
    }
  }
}

/** Private keys are stored in the state directory later: also in one that is empty now, or does not exist. */
async function reportExposedState(
  { main, uses, servers }: Config,
  roots: readonly ServedRoot[],
  findings: Findings,
): Promise<void> {
  // The keys are readable by the master's user only: workers with another one cannot send them.
  if (hasOtherWorkers(main)) return;
  const file = join(await realPath(main.stateDir), 'key.pem');
  const root = roots.find((each) => sends(each, file));
  if (root === undefined) return;
  const written = uses.get('state_dir')?.[0]?.arguments[0]?.place;
  const message = `the state directory ${displayPath(main.stateDir)} lies in the root of ${root.route.name}, where private keys in it can be downloaded`;
  if (written !== undefined) {
    findings.error('exposed-key', message, written, { hint: 'move it out of the root' });
    return;
  }
  const where = root.route.uses.get('root')?.[0]?.place ?? root.route.place;
  const hint = 'add a state_dir outside of the root';
  const isUsed = servers.some(({ tls }) =>
    tls?.certificates.some(({ origin }) => origin.kind === 'internal'),
  );
  if (isUsed) findings.error('exposed-key', message, where, { hint });
  else findings.warning('exposed-file', message, where, { hint });
}

/** Resolves the links of a path of which the last names need not exist. */
async function realPath(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) return real;
  return path === dirname(path) ? path : join(await realPath(dirname(path)), basename(path));
}

async function servedRoots(config: Config): Promise<readonly ServedRoot[]> {
  const roots: ServedRoot[] = [];
  const seen = new Set<RootMapping>();
  // Thousands of locations may have the same directory.
  const real = new Map<string, string | undefined>();
  const visit = async (route: RouteConfig): Promise<void> => {
    const isStatic =
      route.options.get('static')?.static === true && route.options.get('redirect')?.return === undefined;
    if (route.root !== undefined && isStatic && !seen.has(route.root)) {
      const written = route.root.directory;
      if (!real.has(written)) real.set(written, await realpath(written).catch(() => undefined));
      const directory = real.get(written);
      if (directory !== undefined) {
        seen.add(route.root);
        roots.push({ route, directory });
      }
    }
    for (const child of route.children) await visit(child);
  };
  for (const { route } of config.servers) await visit(route);
  return roots;
}

/** True when a GET of the file's URL would return it: no other location responds there. */
function sends({ route, directory }: ServedRoot, file: string): boolean {
  const { root, hiddenFiles } = route;
  if (root === undefined || !isUnder(file, directory)) return false;
  const below = directory === '/' ? file : file.slice(directory.length);
  if (below === '' || !isVisible(below, 0, hiddenFiles)) return false;
  const url = (root.prefix === '/' ? '' : root.prefix) + below;
  return (
    isUnder(url, route.prefix) && answering(route, url).root === root && isPlain(answering(route, url), url)
  );
}

/** The innermost prefix location for a URL. */
function answering(route: RouteConfig, url: string): RouteConfig {
  const inner = route.children
    .filter(({ pattern }) => pattern.kind === 'prefix' && isUnder(url, pattern.path))
    .sort((one, other) => other.prefix.length - one.prefix.length)[0];
  return inner === undefined ? route : answering(inner, url);
}

/** Whether files are sent there as they are, not refused, redirected, or run. */
function isPlain(route: RouteConfig, url: string): boolean {
  const taken = route.children.some(
    ({ pattern }) =>
      (pattern.kind === 'exact' && pattern.path === url) ||
      (pattern.kind === 'extension' && url.endsWith(pattern.extension)),
  );
  const extension = url.slice(url.lastIndexOf('.'));
  const commands = route.options.get('cgi')?.cgi;
  const isScript = commands instanceof Map && commands.has(extension);
  return (
    !taken &&
    !isScript &&
    route.options.get('static')?.static === true &&
    route.options.get('redirect')?.return === undefined
  );
}

function* namedFiles(
  uses: readonly DirectiveUse[],
  registry: Registry,
  tables: DirectiveTable,
  base: string,
): Generator<NamedFile> {
  for (const use of uses) {
    const name = registry.canonical(use.name);
    const types = (Object.hasOwn(tables, name) ? tables[name]?.argumentTypes : undefined) ?? [];
    for (const [index, word] of ROOTS.has(name) ? [] : use.arguments.entries()) {
      const type = types[Math.min(index, types.length - 1)];
      if (type !== argument.path && type !== pemPath) continue;
      const path = argument.path.read(word.text, { base, variables: {} });
      if (path !== undefined) yield { path, what: name, place: word.place };
    }
    if (use.block !== undefined) yield* namedFiles(use.block, registry, tables, base);
  }
}

/** Whether root starts workers that are not root. */
function hasOtherWorkers({ user }: MainSettings): boolean {
  return isRoot() && user !== undefined && user.name !== 'root';
}

/** Root reads everything, and its workers only what others may. */
async function isReadable(file: string, { main }: Config): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) return false;
  if (hasOtherWorkers(main)) return (found.mode & 0o004) !== 0;
  return access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
}

async function holdsPrivateKey(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(KEY_BYTES), 0, KEY_BYTES, 0);
    return PRIVATE_KEY.test(buffer.toString('latin1', 0, bytesRead));
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}
