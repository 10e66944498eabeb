import { builtinPlugins, publicEntries } from '../builtin.js';
import { compile } from '../kernel/config/compile/compile.js';
import { loadConfig } from '../kernel/config/files/load.js';
import type { MainSettings } from '../kernel/contract/config.js';
import { displayPath } from '../kernel/diagnostics/display-path.js';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import { Findings } from '../kernel/diagnostics/findings.js';
import { holderOf } from '../process/identity.js';
import { readPid } from '../process/pid-file.js';
import { UsageError } from './arguments.js';
import { loadFound, withAssembly } from './configuration.js';
import type { Found } from './configuration-file.js';
import { EXIT } from './exit.js';
import { showDiagnostics } from './failure.js';
import { signals, signalWords } from './signals.js';
import { say } from './terminal.js';

/**
 * Sends a signal to a running server, which is found by the pid file of its configuration. Before a reload or an
 * upgrade the configuration is checked, as at a start: an invalid one is rejected here, with every error. A server with
 * an invalid configuration can still be stopped.
 * @returns the exit code
 * @throws UsageError for an unknown signal word
 */
export async function sendSignal(word: string, found: Found): Promise<number> {
  const signal = Object.hasOwn(signals, word) ? signals[word] : undefined;
  if (signal === undefined) throw new UsageError(`--signal: expected ${signalWords}, got "${word}"`);
  const main = word === 'reload' || word === 'upgrade' ? await checkedMain(found) : await mainOf(found);
  if (main === undefined) return EXIT.failure;
  const { pidFile } = main;
  if (pidFile === undefined) {
    const file = displayPath(found.file);
    say(`${file} has no pid directive, so the server cannot be found; add: pid webserv.pid;`);
    return EXIT.failure;
  }
  const pid = await readPid(pidFile);
  if (pid === undefined) {
    say(`no server is running: ${pidFile} does not exist, or does not contain a process id`);
    return EXIT.failure;
  }
  const holder = await holderOf(pid);
  if (holder.kind === 'gone') {
    say(`no server is running: process ${pid} of ${pidFile} has ended; the file was left behind`);
    return EXIT.failure;
  }
  if (holder.kind === 'other') {
    say(
      `no server is running: process ${pid} of ${pidFile} is now "${holder.name}"; the file was left behind`,
    );
    return EXIT.failure;
  }
  try {
    process.kill(pid, signal);
    return EXIT.ok;
  } catch (error) {
    const code = errorCode(error) || String(error);
    say(`process ${pid} of ${pidFile} cannot be signalled: ${code}`);
    return EXIT.failure;
  }
}

/** Main settings of a configuration that could be served. */
async function checkedMain(found: Found): Promise<MainSettings | undefined> {
  const loaded = await loadFound(found);
  return loaded && withAssembly(loaded, () => loaded.config.main);
}

/** Main settings, even of a configuration with errors. Shows the errors when it has no pid file. */
async function mainOf({ file, prefix }: Found): Promise<MainSettings | undefined> {
  const options = {
    builtins: builtinPlugins(),
    entries: publicEntries(),
    ...(prefix === undefined ? {} : { prefix }),
  };
  const { config, source, diagnostics } = await loadConfig(file, options);
  if (config !== undefined) return config.main;
  const main = source && compile(source.tree, source.registry, new Findings()).main;
  if (main?.pidFile !== undefined) return main;
  showDiagnostics(diagnostics);
  say(`${displayPath(file)} does not name a pid file that can be read`);
  return undefined;
}
