import type { CompiledConfig } from '../config/compile/compiled-config.js';
import { isSwitchedOn } from '../config/modules/kept-plugin.js';
import type { RouteConfig, TraceMode } from '../contract/config.js';
import type { OptionValues } from '../contract/directive.js';
import type { ConfiguredRoute, Plugin, RunningPlugin } from '../contract/plugin.js';
import type { RouteView } from '../contract/route-view.js';
import { ConfigError } from '../diagnostics/config-error.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { describeError } from '../diagnostics/error-text.js';
import type { Site } from '../exchange/site.js';
import { hookSettings } from '../hooks/compiled-hooks.js';
import { refusalOf } from '../hooks/plugin-findings.js';
import { ServerHookTable } from '../hooks/server-hooks.js';
import { SharedTaps } from '../hooks/shared-taps.js';
import { timeoutGroups } from '../hooks/tap-timeout.js';
import { withTimeout } from '../limits/with-timeout.js';
import type { Log } from '../log/log.js';
import { LogFiles } from '../log/log-files.js';
import { type MetricFamily, type Metrics, MetricsRegistry } from '../metrics/metrics.js';
import { workerAccount } from '../rights/account.js';
import { type KeySource, OwnKeys } from '../tls/key-source.js';
import type { SecureServer } from '../tls/secure-server.js';
import { secureServers } from '../tls/secure-servers.js';
import { configuredRoutes } from './configured-routes.js';
import { keyListener } from './key-listener.js';
import { missingPrerequisites } from './prerequisites.js';
import type { BuildContext, LoadedPlugin } from './route-builder.js';
import { scriptExposure } from './script-exposure.js';
import { type BuiltSite, buildSite } from './site-builder.js';

/** Routes of extension locations inside others that are built at load. */
const MAX_INNER_ROUTES = 500;

/** A whole server but for its sockets. */
export interface Assembly {
  readonly hooks: ServerHookTable;
  /** TLS of the servers that speak it. */
  readonly secure: ReadonlyMap<Site, SecureServer>;
  /** The servers, in the configuration's order. */
  readonly sites: readonly BuiltSite[];
  /** The metrics of this process. */
  readonly metrics: MetricsRegistry;
  /** The warnings of the plugins. */
  readonly warnings: readonly Diagnostic[];
  /** Opens the log files that the plugins described, while this process has all its rights. @throws ConfigError */
  openLogs(): Promise<void>;
  /** Has the plugins begin their work: the rights of root are given up, and connections come next. @throws ConfigError */
  serve(): Promise<void>;
  /** Opens the log files again, and tells the plugins. */
  reopen(): Promise<void>;
  /** Disposes of the plugins, the last one first, and closes the logs. */
  dispose(): Promise<void>;
}

export interface AssemblyOptions {
  /** Traces every request, whatever the configuration says. */
  readonly trace?: boolean;
  /**
   * It takes the place of a process that served. What has gone since that was started closes the routes that need it, and
   * no other: the configuration is not refused for it.
   */
  readonly successor?: boolean;
  /**
   * The plugins that act on every route, as far as is known from the process whose place it takes: where their setup fails,
   * nothing is served. undefined: any that was loaded may be one.
   */
  readonly everywhere?: ReadonlySet<string> | undefined;
  /** Where certificates and keys come from; files that this process reads when left out. */
  readonly keys?: KeySource;
  /** Sums the metrics of this process with those of the others of the server; without it, there are no others. */
  readonly gather?: (own: MetricsRegistry) => Promise<readonly MetricFamily[]>;
}

/**
 * Sets the plugins up and builds the routes. What was made before a failure is let go.
 * @throws ConfigError when a plugin refuses the configuration, or fails; with all that plugins found
 */
export async function assemble(
  config: CompiledConfig,
  log: Log,
  {
    trace = false,
    successor = false,
    everywhere,
    keys = new OwnKeys(),
    gather = ownFamilies,
  }: AssemblyOptions = {},
): Promise<Assembly> {
  const traceOf = (mode: TraceMode): TraceMode => (trace && mode === 'off' ? 'on' : mode);
  const timeoutGroupOf = timeoutGroups();
  const settingsOf = hookSettings(timeoutGroupOf, log);
  const hookSettingsOf: BuildContext['hookSettings'] = ({ pluginTimeout, trace: mode }) =>
    settingsOf({ pluginTimeout, trace: traceOf(mode) });
  const hooks = new ServerHookTable(hookSettingsOf(config.main));
  const account = workerAccount(config.main.user);
  const logs = new LogFiles(log, account);
  const registry = new MetricsRegistry();
  const metrics = metricsFor(registry, () => gather(registry));
  const plugins: LoadedPlugin[] = [];
  const found: Diagnostic[] = successor ? [] : [...(await missingPrerequisites(config, account))];
  const tell = async ({ plugin, running }: LoadedPlugin, step: 'dispose' | 'reopen'): Promise<void> => {
    await withTimeout(config.main.pluginTimeout, () => running[step]()).catch((error: unknown) =>
      log.error(`plugin "${plugin.name}", ${step}: ${describeError(error)}`),
    );
  };
  const dispose = async (): Promise<void> => {
    for (const plugin of plugins.toReversed()) await tell(plugin, 'dispose');
    await logs.close();
  };
  let isServing = false;
  const reopen = async (): Promise<void> => {
    logs.reopen();
    // The plugins of a standby process have not begun to serve: they have nothing open yet.
    if (isServing) for (const plugin of plugins) await tell(plugin, 'reopen');
  };
  const changed = (path: string): void => hooks.changed(path);
  const lost = new Map<string, (options: OptionValues | undefined) => boolean>();
  const attempt = async (step: string, work: () => Promise<void>): Promise<void> => {
    try {
      await withTimeout(config.main.pluginTimeout, work);
    } catch (error) {
      found.push(...refusalOf(error, step, undefined));
    }
  };
  const isOver = new Set<Plugin>();
  for (const plugin of config.plugins) {
    const setUp = async (): Promise<void> => {
      const options = config.options.get(plugin.name) ?? {};
      const routes = (): Iterable<ConfiguredRoute<OptionValues>> =>
        configuredRoutes(plugin.name, config.servers);
      const running = await plugin.start({
        options,
        hooks: hooks.facade(plugin.name),
        metrics,
        log,
        configuredRoutes: routes,
        usedAnywhere: (test) => someOf(routes(), test),
        changed,
      });
      const loadedPlugin = { plugin, running };
      // A setup that took too long was given up, and the start refused or gone on without it.
      if (isOver.has(plugin)) await tell(loadedPlugin, 'dispose');
      else plugins.push(loadedPlugin);
    };
    const reported = found.length;
    await attempt(`plugin "${plugin.name}", setup`, setUp);
    isOver.add(plugin);
    if (!successor || found.length === reported) continue;
    found.push(...found.splice(reported).map(asWarning));
    const isEverywhere = everywhere === undefined || everywhere.has(plugin.name);
    lost.set(plugin.name, (options) => isEverywhere || isSwitchedOn(plugin, options));
    // Its routes are closed, and its scripts are still found: what is behind one is closed with it.
    plugins.push({ plugin, running: idle });
  }
  await attempt('onConfig', () => hooks.config(config));
  const inner = { left: MAX_INNER_ROUTES };
  const sites: BuiltSite[] = [];
  const routes: RouteView[] = [];
  const shared = new SharedTaps();
  for (const server of config.servers)
    sites.push(
      await buildSite(server, {
        plugins,
        log,
        logs,
        found,
        routes,
        successor,
        lost,
        changed,
        inner,
        hookSettings: hookSettingsOf,
        shared,
      }),
    );
  // A replacement without a server's authorities rejects the handshakes of that server, and serves the others.
  const tls = await secureServers(config, keys, (finding) =>
    found.push(successor ? asWarning(finding) : finding),
  );
  const secure = new Map<Site, SecureServer>();
  for (const { site, server } of sites) {
    const own = tls.get(server);
    if (own !== undefined) secure.set(site, own);
  }
  keys.subscribe(keyListener([...tls.values()], log));
  if (!successor) found.push(...(await logs.doubts()));
  found.push(...(await logs.problems(successor ? 'warning' : 'error')));
  // In a block with errors it is unknown which scripts run.
  if (!successor && !config.servers.some(({ route }) => isDoubtful(route)))
    found.push(...scriptExposure(sites, config.plugins));
  if (found.some(({ severity }) => severity === 'error')) {
    await dispose();
    throw new ConfigError(found);
  }
  const serve = async (): Promise<void> => {
    for (const { plugin, running } of plugins) {
      try {
        await withTimeout(config.main.pluginTimeout, () => running.serve());
      } catch (error) {
        throw new ConfigError(refusalOf(error, `plugin "${plugin.name}", serve`, undefined));
      }
    }
    isServing = true;
  };
  const openLogs = (): Promise<void> => logs.open(successor);
  return { hooks, secure, sites, metrics: registry, warnings: found, openLogs, serve, reopen, dispose };
}

/**
 * The findings of plugins in the blocks without errors, so that all diagnostics are reported together.
 * @param config compiled with errors
 */
export async function preview(config: CompiledConfig): Promise<readonly Diagnostic[]> {
  const servers = config.servers
    .filter(({ route }) => !route.doubts?.all)
    .map((server) => ({ ...server, route: soundPart(server.route) }));
  try {
    const { warnings, dispose } = await assemble({ ...config, servers }, silent);
    await dispose();
    return warnings;
  } catch (error) {
    if (error instanceof ConfigError) return error.diagnostics;
    throw error;
  }
}

/** A block inside of one that nothing is known of is none of these: it inherits from it. */
function soundPart(route: RouteConfig): RouteConfig {
  return { ...route, children: route.children.filter(({ doubts }) => !doubts?.all).map(soundPart) };
}

function isDoubtful({ doubts, children }: RouteConfig): boolean {
  return doubts !== undefined || children.some(isDoubtful);
}

function someOf(
  routes: Iterable<ConfiguredRoute<OptionValues>>,
  test: (options: OptionValues) => boolean,
): boolean {
  for (const { options } of routes) if (test(options)) return true;
  return false;
}

const asWarning = (diagnostic: Diagnostic): Diagnostic => ({ ...diagnostic, severity: 'warning' });

/** Stands for a plugin that could not be set up. */
const idle: RunningPlugin = {
  apply: () => {},
  serve: async () => {},
  dispose: async () => {},
  reopen: async () => {},
};

const ignore = (): void => {};
const silent: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

async function ownFamilies(own: MetricsRegistry): Promise<readonly MetricFamily[]> {
  return own.families();
}

function metricsFor(registry: MetricsRegistry, gather: Metrics['gather']): Metrics {
  return {
    counter: (metric) => registry.counter(metric),
    gauge: (metric, read) => registry.gauge(metric, read),
    histogram: (metric) => registry.histogram(metric),
    gather,
  };
}
