import type { RouteConfig, ServerConfig } from '../contract/config.js';
import type { OptionValues } from '../contract/directive.js';
import type { Plugin, RunningPlugin } from '../contract/plugin.js';
import type { RouteView } from '../contract/route-view.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { HookSettings } from '../hooks/compiled-hooks.js';
import { OfferTable } from '../hooks/offer-table.js';
import { diagnosticOf, placeIn, refusalOf } from '../hooks/plugin-findings.js';
import type { RouteHookTable } from '../hooks/route-hooks.js';
import type { SharedTaps } from '../hooks/shared-taps.js';
import { HttpError } from '../http/errors.js';
import { withTimeout } from '../limits/with-timeout.js';
import type { Log } from '../log/log.js';
import type { LogFiles } from '../log/log-files.js';
import type { Route } from '../routing/route.js';
import { RouteScripts, scriptOptionsOf } from '../routing/scripts.js';
import { BuiltRoute, type RouteSurroundings } from './built-route.js';

/** A plugin that is set up for this server process. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  readonly running: RunningPlugin;
}

/** Inputs for building routes, and the list of findings, which are reported together. */
export interface BuildContext {
  readonly plugins: readonly LoadedPlugin[];
  readonly log: Log;
  readonly logs: LogFiles;
  readonly found: Diagnostic[];
  /**
   * True if a missing prerequisite or a rejection by a plugin closes the route and is a warning: see AssemblyOptions.
   */
  readonly successor: boolean;
  /** Names of plugins whose setup failed in a successor, with whether a route with these options needs them. */
  readonly lost: ReadonlyMap<string, (options: OptionValues | undefined) => boolean>;
  /** The routes of all servers, gathered as they are built. */
  readonly routes: RouteView[];
  /** Routes of extension locations inside others that may still be built at load, for the whole configuration. */
  readonly inner: { left: number };
  /** @see SetupContext.changed */
  readonly changed: (path: string) => void;
  /** The same for the routes with the same settings. */
  readonly hookSettings: (config: Pick<RouteConfig, 'pluginTimeout' | 'trace'>) => HookSettings;
  /** State shared by the routes of the configuration. */
  readonly shared: SharedTaps;
}

/** The blocks that a route lies in. */
export interface RoutePosition extends Pick<RouteSurroundings, 'around'> {
  readonly server: ServerConfig;
}

export interface RouteKind {
  /** True if it is worth a warning that no plugin responds in it. */
  readonly answers: boolean;
  /** It is one of `everyRoute`. */
  readonly isListed: boolean;
}

/**
 * Applies every plugin to a route, and compiles its hooks.
 */
export async function buildRoute(
  config: RouteConfig,
  { server, around }: RoutePosition,
  { plugins, log, logs, found, routes, successor, lost, changed, hookSettings, shared }: BuildContext,
  { answers, isListed }: RouteKind,
): Promise<Route> {
  const offers = new OfferTable();
  const scripts = scriptsOf(config, plugins);
  const hooks = hookSettings(config);
  const serverName = server.names[0] ?? '';
  const route = new BuiltRoute(config, { serverName, around, scripts, offers, routes, hooks, shared });
  let refused = [...lost].some(([plugin, isNeeded]) => isNeeded(config.options.get(plugin)));
  const refuse = (...diagnostics: readonly Diagnostic[]): void => {
    refused = true;
    found.push(...(successor ? diagnostics.map(asWarning) : diagnostics));
  };
  const lack = (diagnostic: Diagnostic): boolean => {
    if (successor) found.push(diagnostic);
    else refuse({ ...diagnostic, severity: 'error' });
    return successor;
  };
  for (const { plugin, running } of plugins) {
    if (config.doubts?.plugins.has(plugin.name)) continue;
    try {
      const applied = running.apply({
        options: config.options.get(plugin.name) ?? {},
        hooks: route.taps.facade(plugin.name, config.options.get(plugin.name)),
        route,
        server,
        log,
        placeOf: (directive, word) => placeIn(config.uses.get(directive) ?? [], word),
        logFile: (wanted) => logs.describe(wanted, (finding) => diagnosticOf(plugin, 'error', finding)),
        changed,
        announce: (name, value) => offers.announce(plugin.name, name, value),
        warn: (finding) => found.push(diagnosticOf(plugin, 'warning', finding)),
        lack: (finding) => lack(diagnosticOf(plugin, 'warning', finding)),
        refuse: (finding) => refuse(diagnosticOf(plugin, 'error', finding)),
      });
      // Most plugins have nothing to wait for, and a turn for each of them on each route adds up.
      if (applied !== undefined) await withTimeout(config.pluginTimeout, () => applied);
    } catch (error) {
      refuse(...refusalOf(error, `plugin "${plugin.name}", apply for ${config.name}`, config.place));
    }
  }
  if (refused && successor) close(route.taps);
  route.taps.seal();
  if (!route.taps.responds && !refused && config.doubts === undefined && answers)
    found.push(unanswered(config));
  if (isListed) routes.push(route);
  return route;
}

function scriptsOf({ options }: RouteConfig, loaded: readonly LoadedPlugin[]): RouteScripts | undefined {
  const plugins = loaded.map(({ plugin }) => plugin);
  const { runners } = scriptOptionsOf(plugins, options);
  return runners.length === 0 ? undefined : new RouteScripts(runners.map(({ names }) => names));
}

const asWarning = (diagnostic: Diagnostic): Diagnostic => ({ ...diagnostic, severity: 'warning' });

/** Before any plugin's tap: one that could not be applied may be the one that asks for a password. */
function close(taps: RouteHookTable): void {
  const stage = Number.MIN_SAFE_INTEGER;
  taps.facade('core').onRoute.tap({ stage, answers: false }, () => {
    throw new HttpError(503, {
      reason: 'the route lacks what was there when the server started: see the error log',
    });
  });
}

function unanswered({ name, place }: RouteConfig): Diagnostic {
  const message = `nothing in ${name} responds: every request gets 404`;
  const hint = 'add a root, or another directive that responds, such as return';
  return { severity: 'warning', code: 'unanswered-location', message, place, hint };
}
