import type { CheckedBlock, ConnectionSettings, Listen, ServerConfig } from '../../contract/config.js';
import { ArgumentError, type Directive, type DirectiveUse } from '../../contract/directive.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import type { Findings } from '../../diagnostics/findings.js';
import { defaultTypes } from '../../files/mime.js';
import { core } from '../directives/core.js';
import type { Registry } from '../directives/registry.js';
import { checkBlock } from './check.js';
import { compileRoute, inherit, insideOfBlock, sortBlock } from './compile-route.js';
import type { CompiledConfig } from './compiled-config.js';
import { type NamedServer, reportConflicts } from './conflicts.js';
import { noteDirectives, type WrittenRoutes } from './forget-directives.js';
import type { CompileContext, InheritedValues } from './inherit.js';
import { addressOf, ignoredParameters, readListen, readServerName } from './listen.js';
import type { Provenance } from './provenance.js';
import { SharedOptions } from './shared-options.js';
import { defaultStateDirectory } from './state-directory.js';
import { defaultTls, settleTls, tlsSettings, type WrittenTls } from './tls.js';
import { fallbackOptions, settle } from './values.js';

/** A configuration as it was read, before its meaning is known. */
export interface Tree {
  /** The directory that `server_dir` is relative to, and its default. Absolute. */
  readonly base: string;
  /** As it is shown to people. */
  readonly file: string;
  readonly uses: readonly DirectiveUse[];
  /** False when a plugin could not be loaded. */
  readonly complete: boolean;
  /** @see CheckContext.providers */
  readonly providers: ReadonlyMap<string, string>;
}

/**
 * Checks and settles everything. Every error goes to `findings`; with one, the result must not be used.
 * @param provenance records where the values come from; servers and locations are `inside` of it
 */
export function compile(
  tree: Tree,
  registry: Registry,
  findings: Findings,
  provenance?: Provenance,
): CompiledConfig {
  const { plugins, variables } = registry;
  const { complete, providers } = tree;
  const check = { registry, findings, complete, providers };
  const errorsBefore = findings.errors;
  const block = checkBlock(tree.uses, 'main', check);
  const { base } = tree;
  const settling = { findings, provenance };
  const serverDir =
    settle('server_dir', core.server_dir, block, base, { scope: { base, variables }, ...settling }) ?? base;
  const scope = { base: serverDir, variables };
  const context: CompileContext = { ...check, plugins, scope, provenance, shared: new SharedOptions() };
  const outer = inherit({ uses: block, errorsBefore }, defaultValues(context), '/', context);
  const connection = connectionSettings(block, defaultConnection, context);
  const main = <T>(name: string, directive: Directive<T>): T =>
    settle(name, directive, block, directive.fallback, context);
  const stateDir = main('state_dir', core.state_dir) ?? defaultStateDirectory(process.env);
  const tls = settleTls(block, defaultTls, context);
  const named = (block.get('server') ?? []).map((use) =>
    compileServer(use, outer, { connection, tls }, insideOfBlock(context)),
  );
  reportConflicts(named, findings);
  const secure = secureAddresses(named);
  const servers = named.map((server) => withTls(server, secure, stateDir, findings));
  // After another error, "no server" is often only its consequence: the server is in the part that could not be read.
  if (servers.length === 0 && !findings.failed) {
    findings.error('no-server', 'no server is defined', undefined, {
      hint: `add one: server { listen 8080; root www; }`,
    });
  }
  const config: CompiledConfig & { uses: CheckedBlock } = {
    file: tree.file,
    uses: block,
    main: {
      serverDir,
      stateDir,
      errorLog: main('error_log', core.error_log),
      workers: main('workers', core.workers),
      workerShutdownTimeout: main('worker_shutdown_timeout', core.worker_shutdown_timeout),
      pidFile: main('pid', core.pid),
      user: main('user', core.user),
      pluginTimeout: outer.pluginTimeout,
      trace: outer.trace,
      maxConnections: main('max_connections', core.max_connections),
    },
    plugins,
    options: outer.options,
    servers: servers.map((server) => server.config),
  };
  noteDirectives({ config, routes: servers.flatMap(({ written }) => written) });
  return config;
}

function defaultValues({ plugins }: CompileContext): InheritedValues {
  return {
    root: undefined,
    followSymlinks: core.follow_symlinks.fallback,
    ignoreClientAbort: core.ignore_client_abort.fallback,
    hiddenFiles: core.hidden_files.fallback,
    maxBodySize: core.client_max_body_size.fallback,
    pluginTimeout: core.plugin_timeout.fallback,
    trace: core.trace.fallback,
    methods: core.methods.fallback,
    errorPages: core.error_page.fallback,
    types: defaultTypes,
    defaultType: core.default_type.fallback,
    charset: core.charset.fallback,
    options: fallbackOptions(plugins),
    doubts: undefined,
  };
}

const defaultConnection: ConnectionSettings = {
  clientHeaderTimeout: core.client_header_timeout.fallback,
  clientBodyTimeout: core.client_body_timeout.fallback,
  sendTimeout: core.send_timeout.fallback,
  serverField: core.server_tokens.fallback,
  sendMinRate: core.send_min_rate.fallback,
  keepaliveTimeout: core.keepalive_timeout.fallback,
  keepaliveRequests: core.keepalive_requests.fallback,
  clientMaxRequestLine: core.client_max_request_line.fallback,
  clientMaxHeaderSize: core.client_max_header_size.fallback,
  clientMaxHeaderCount: core.client_max_header_count.fallback,
};

function connectionSettings(
  block: CheckedBlock,
  outer: ConnectionSettings,
  context: CompileContext,
): ConnectionSettings {
  const own = (name: ConnectionDirective, around: number): number =>
    settle(name, core[name], block, around, context);
  return {
    clientHeaderTimeout: own('client_header_timeout', outer.clientHeaderTimeout),
    clientBodyTimeout: own('client_body_timeout', outer.clientBodyTimeout),
    sendTimeout: own('send_timeout', outer.sendTimeout),
    serverField: settle('server_tokens', core.server_tokens, block, outer.serverField, context),
    sendMinRate: own('send_min_rate', outer.sendMinRate),
    keepaliveTimeout: own('keepalive_timeout', outer.keepaliveTimeout),
    keepaliveRequests: own('keepalive_requests', outer.keepaliveRequests),
    clientMaxRequestLine: own('client_max_request_line', outer.clientMaxRequestLine),
    clientMaxHeaderSize: own('client_max_header_size', outer.clientMaxHeaderSize),
    clientMaxHeaderCount: own('client_max_header_count', outer.clientMaxHeaderCount),
  };
}

type ConnectionDirective =
  | 'client_header_timeout'
  | 'client_body_timeout'
  | 'send_timeout'
  | 'send_min_rate'
  | 'keepalive_timeout'
  | 'keepalive_requests'
  | 'client_max_request_line'
  | 'client_max_header_size'
  | 'client_max_header_count';

function compileServer(
  use: DirectiveUse,
  outer: InheritedValues,
  around: { readonly connection: ConnectionSettings; readonly tls: WrittenTls },
  context: CompileContext,
): NamedServer {
  const { findings, scope } = context;
  const sorted = sortBlock(use.block ?? [], 'server', context);
  const block = sorted.uses;
  const listens = readEach(block.get('listen'), findings, (listen) => readListen(listen, scope));
  for (const [{ text, place }, why] of (block.get('listen') ?? []).flatMap(ignoredParameters)) {
    const message = `"${text}" of "listen" has no effect here: ${why}`;
    findings.countedWarning('nginx-directive', message, { place }, { hint: 'remove it' });
  }
  const namePlaces = readNames(block.get('server_name'), findings);
  const names = [...namePlaces.keys()];
  if (!use.block?.some(({ name }) => name === 'listen')) {
    findings.concerning('listen', () =>
      findings.error('missing-listen', 'this server has no address', use.place, {
        hint: 'add: listen 8080;',
      }),
    );
  }
  const routes: WrittenRoutes = [];
  const route = compileRoute(
    {
      pattern: { kind: 'server' },
      name: nameOf(names, listens),
      prefix: '/',
      place: use.place,
      block: sorted,
    },
    outer,
    context,
    routes,
  );
  const config: ServerConfig = {
    place: use.place,
    listens,
    names,
    connection: connectionSettings(block, around.connection, context),
    tls: undefined,
    route,
  };
  // An extension location is read again for each location that it acts in.
  const isFixed = routes.every(({ pattern }) => pattern.kind !== 'extension');
  return {
    config,
    namePlaces,
    written: isFixed ? routes : [],
    tls: settleTls(block, around.tls, context),
  };
}

/** The addresses where a server speaks TLS, each with one that says so. */
function secureAddresses(servers: readonly NamedServer[]): ReadonlyMap<string, Listen> {
  // Port 0 is a free port each time it is written.
  const secure = servers.flatMap(({ config }) =>
    config.listens.filter((listen) => listen.tls && !(listen.kind === 'tcp' && listen.port === 0)),
  );
  return new Map(secure.map((listen) => [addressOf(listen), listen]));
}

/** TLS is a property of an address: as in nginx, one `ssl` holds for all servers there. */
function withTls(
  server: NamedServer,
  secure: ReadonlyMap<string, Listen>,
  stateDirectory: string,
  findings: Findings,
): NamedServer {
  const { config, tls } = server;
  if (secure.size === 0 && !config.listens.some((listen) => listen.tls)) return server;
  const listens = config.listens.map((listen) => {
    const other = listen.tls ? undefined : secure.get(addressOf(listen));
    if (other === undefined) return listen;
    const related = other.place && [{ message: 'said here', place: other.place }];
    findings.warning(
      'tls-directive',
      `${addressOf(listen)} speaks TLS, as another server says`,
      listen.place,
      { hint: 'write "ssl" here too', ...(related && { related }) },
    );
    return { ...listen, tls: true };
  });
  const settings = tlsSettings({ listens, names: config.names, written: tls, stateDirectory }, findings);
  return settings === undefined ? server : { ...server, config: { ...config, listens, tls: settings } };
}

function nameOf([name]: readonly string[], [listen]: readonly Listen[]): string {
  if (name !== undefined) return `server ${name}`;
  return listen === undefined ? 'server' : `server ${addressOf(listen)}`;
}

function readNames(
  uses: readonly DirectiveUse[] | undefined,
  findings: Findings,
): ReadonlyMap<string, Place> {
  const names = new Map<string, Place>();
  for (const use of uses ?? []) {
    for (const word of use.arguments) {
      const [name] = readEach([use], findings, () => readServerName(word));
      if (name !== undefined && !names.has(name)) names.set(name, word.place);
    }
  }
  return names;
}

/** The values of the uses that can be read; the others are reported. */
function readEach<T>(
  uses: readonly DirectiveUse[] | undefined,
  findings: Findings,
  read: (use: DirectiveUse) => T,
): readonly T[] {
  const values: T[] = [];
  for (const use of uses ?? []) {
    try {
      values.push(read(use));
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      const place = error.argument?.place ?? use.place;
      const message = `"${use.name}": ${error.message}`;
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      findings.concerning(use.name, () => findings.error('wrong-argument', message, place, hint));
    }
  }
  return values;
}
