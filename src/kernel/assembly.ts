import type { Config } from './config/compile.js';
import type { Diagnostic } from './config/diagnostic.js';
import { ConfigError } from './errors.js';
import { ServerHookTable } from './hooks.js';
import type { Log } from './log.js';
import { type BuiltSite, buildSite, type LoadedPlugin } from './site-builder.js';

/** A whole server but for its sockets. */
export interface Assembly {
  readonly hooks: ServerHookTable;
  /** One for each server, in the configuration's order. */
  readonly sites: readonly BuiltSite[];
  /** Has the plugins open their log files anew. */
  reopen(): Promise<void>;
  /** Disposes of the plugins, the last one first. */
  dispose(): Promise<void>;
}

/**
 * Sets the plugins up and builds the routes. What was made before a failure is let go.
 * @throws ConfigError when a plugin refuses the configuration
 */
export async function assemble(config: Config, log: Log): Promise<Assembly> {
  const hooks = new ServerHookTable();
  const plugins: LoadedPlugin[] = [];
  const tell = async ({ plugin, running }: LoadedPlugin, step: 'dispose' | 'reopen'): Promise<void> => {
    await running[step]().catch((error: unknown) =>
      log.error(`plugin "${plugin.name}", ${step}: ${String(error)}`),
    );
  };
  const dispose = async (): Promise<void> => {
    for (const plugin of plugins.toReversed()) await tell(plugin, 'dispose');
  };
  const reopen = async (): Promise<void> => {
    for (const plugin of plugins) await tell(plugin, 'reopen');
  };
  try {
    for (const plugin of config.plugins) {
      const options = config.options.get(plugin.name) ?? {};
      const running = await plugin.start({ options, hooks: hooks.facade(plugin.name), log });
      plugins.push({ plugin, running });
    }
    await hooks.config(config);
    const sites: BuiltSite[] = [];
    const refusals: Diagnostic[] = [];
    for (const server of config.servers) sites.push(await buildSite(server, { plugins, log, refusals }));
    if (refusals.length > 0) throw new ConfigError(refusals);
    return { hooks, sites, reopen, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
