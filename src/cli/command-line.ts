import { existsSync } from 'node:fs';
import { leaveRemovedDirectory } from '../kernel/diagnostics/working-directory.js';
import { check, firstPositional, nearestOf, type Options, UsageError } from './arguments.js';
import type { Command } from './command.js';
import { explain } from './commands/explain.js';
import { help } from './commands/help.js';
import { init } from './commands/init.js';
import { plugins } from './commands/plugins.js';
import { schema } from './commands/schema.js';
import { serve } from './commands/serve.js';
import { trust } from './commands/trust.js';
import { webserv } from './commands/webserv.js';
import { EXIT } from './exit.js';
import { mayLoadHere, sendResult } from './loader-process.js';
import { signals } from './signals.js';
import { ignoreOutputErrors, say, written } from './terminal.js';
import { unexpected } from './unexpected.js';

const subcommands: readonly Command[] = [
  serve,
  init,
  explain,
  plugins,
  schema,
  trust,
  help(
    (name) => commands.find((command) => command.name === name),
    () => subcommands.map(({ name }) => name),
  ),
];
const root = webserv(subcommands);
const commands: readonly Command[] = [root, ...subcommands];

/** Runs what the command line says. @returns the exit code */
export async function runCommand(args: readonly string[]): Promise<number> {
  let called = 'webserv';
  try {
    const [command, rest] = choose(args);
    if (command !== root) called = `webserv ${command.name}`;
    return await command.run(rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(error.message);
    say(error.hint ?? `for help: ${called} --help`);
    return EXIT.usage;
  }
}

/**
 * The first argument that is not a flag names a subcommand. A file, or an argument that looks like a path, is the
 * configuration.
 * @throws UsageError
 */
function choose(args: readonly string[]): readonly [Command, readonly string[]] {
  const at = firstPositional(everyFlag(), args);
  const word = at === undefined ? undefined : args[at];
  if (at === undefined || word === undefined) return [root, args];
  const command = subcommands.find(({ name }) => name === word);
  if (command !== undefined) return [command, args.toSpliced(at, 1)];
  if (/[./\\]/.test(word) || existsSync(word)) return [root, args];
  check(everyFlag(), args); // the word may be the value of a mistyped flag
  const meant =
    flagFor(word) ??
    nearestOf(
      word,
      subcommands.map(({ name }) => name),
    );
  throw new UsageError(
    `"${word}" is neither a subcommand nor a file`,
    meant === undefined
      ? 'to serve a configuration: webserv --config FILE; for help: webserv --help'
      : `did you mean "${meant}"?`,
  );
}

/** Words that are subcommands of other servers, and flags here. */
function flagFor(word: string): string | undefined {
  if (Object.hasOwn(signals, word)) return `webserv -s ${word}`;
  if (Object.hasOwn(root.options, word)) return `webserv --${word}`;
  return word === 'start' || word === 'run' ? 'webserv' : undefined;
}

/** All flags: a flag may precede its subcommand, and the flag's value is then not taken for a subcommand. */
function everyFlag(): Options {
  return Object.assign({}, ...commands.map(({ options }) => options));
}

/** Runs the command line, and ends the process. */
export async function runCommandLine(args: readonly string[]): Promise<never> {
  ignoreOutputErrors();
  // The separate process is started in a directory that exists, and finds out itself that the working directory was
  // removed.
  if (mayLoadHere()) leaveRemovedDirectory();
  process.on('uncaughtException', (error: unknown) => void end(unexpectedly(error)));
  let code: number;
  try {
    code = await runCommand(args);
  } catch (error) {
    code = unexpectedly(error);
  }
  return end(code);
}

function unexpectedly(error: unknown): number {
  say(unexpected(error));
  return EXIT.failure;
}

async function end(code: number): Promise<never> {
  const problem = await written();
  if (problem !== undefined) say(`the output could not be written: ${problem}`);
  const ended = problem !== undefined && code === EXIT.ok ? EXIT.failure : code;
  await sendResult(ended);
  // Open handles (a connection cut short, a plugin's timer) must not keep the process alive.
  process.exit(ended);
}
