import { builtinPlugins } from '../builtin.js';
import type { Config } from '../kernel/config/compile.js';
import { formatPlace } from '../kernel/config/diagnostic.js';
import { findConfig } from '../kernel/config/find.js';
import { loadConfig } from '../kernel/config/load.js';
import { renderDiagnostics } from '../kernel/config/render.js';
import { createLog, fileTarget, type LogTarget, stderrTarget } from '../kernel/error-log.js';
import { ConfigError } from '../kernel/errors.js';
import { type RunningServer, start } from '../kernel/kernel.js';
import type { Log } from '../kernel/log.js';
import { formatAddress, ListenError } from '../kernel/net/listener.js';

/** The configuration, or an address it names, cannot be used. */
const EXIT_FAILURE = 1;

/** Serves until a signal ends it. @returns the exit code */
export async function run(file: string | undefined): Promise<number> {
  const config = await load(file);
  if (config === undefined) return EXIT_FAILURE;
  const { path, level } = config.main.errorLog;
  const target = path === undefined ? stderrTarget() : fileTarget(path);
  const log = createLog(level, target);
  const stopped = untilSignalled();
  surviveFaults(log);
  try {
    const server = await start(config, log);
    announce(config, server);
    await stopped.first;
    process.stderr.write('webserv: stopping, once more to stop at once\n');
    await Promise.race([server.stop(), stopped.second]);
    return 0;
  } catch (error) {
    process.stderr.write(`webserv: ${describe(error)}\n`);
    return EXIT_FAILURE;
  } finally {
    await end(target);
  }
}

async function load(file: string | undefined): Promise<Config | undefined> {
  const path = file ?? (await findConfig(process.cwd()));
  if (path === undefined) {
    process.stderr.write('webserv: no configuration found here or above; name one: webserv --config FILE\n');
    return undefined;
  }
  const { config, diagnostics } = await loadConfig(path, { builtins: await builtinPlugins() });
  if (diagnostics.length > 0) process.stderr.write(renderDiagnostics(diagnostics));
  return config;
}

function announce(config: Config, server: RunningServer): void {
  const lines = server.addresses.map((address) => {
    const shown = formatAddress(address);
    if (address.kind === 'unix') return `  ${shown}\n`;
    const host = address.host === '0.0.0.0' || address.host === '::' ? 'localhost' : address.host;
    const named = formatAddress({ kind: 'tcp', host, port: address.port });
    return `  http://${named}${host === address.host ? '' : `  (${shown})`}\n`;
  });
  process.stdout.write(`webserv serves ${config.file} at\n${lines.join('')}`);
}

function describe(error: unknown): string {
  if (error instanceof ListenError) {
    const { place } = error.listen;
    return place === undefined ? error.message : `${formatPlace(place)}: ${error.message}`;
  }
  if (error instanceof ConfigError)
    return `the configuration is refused\n${renderDiagnostics(error.diagnostics)}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** A fault outside of any request (a plugin's timer, a forgotten promise) is logged; the server serves on. */
function surviveFaults(log: Log): void {
  process.on('uncaughtException', (error) =>
    log.error(`outside of any request: ${error.stack ?? error.message}`),
  );
}

interface Signals {
  readonly first: Promise<void>;
  readonly second: Promise<void>;
}

function untilSignalled(): Signals {
  let count = 0;
  let first = (): void => {};
  let second = (): void => {};
  const signals: Signals = {
    first: new Promise((resolve) => {
      first = resolve;
    }),
    second: new Promise((resolve) => {
      second = resolve;
    }),
  };
  const onSignal = (): void => {
    count += 1;
    if (count === 1) first();
    else second();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return signals;
}

/** What is still open (a connection cut short, a script) must not keep the process. */
async function end(target: LogTarget): Promise<void> {
  await target.close();
  setImmediate(() => process.exit());
}
