import { type Option, type Options, type Parsed, parse, UsageError } from './arguments.js';
import { restoreSignals, SERVER_SIGNALS } from './early-signals.js';
import { EXIT, EXIT_HELP } from './exit.js';
import { mayLoadHere, runInLoaderProcess } from './loader-process.js';
import { print } from './terminal.js';

/** `webserv` itself, or a subcommand. */
export interface Command {
  /** Empty for `webserv` itself. */
  readonly name: string;
  /** A single line, starting with a verb. */
  readonly summary: string;
  readonly options: Options;
  /** The text that `--help` prints. */
  readonly help: string;
  /**
   * @returns the exit code
   * @throws UsageError
   */
  run(args: readonly string[]): Promise<number>;
}

interface CommandDefinition<O extends Options> {
  readonly name: string;
  readonly summary: string;
  /** Arguments after the name, a line for each way to use it. */
  readonly usage: readonly string[];
  readonly options: O;
  /** Maximum number of arguments that are not flags. */
  readonly positionals: number;
  /** Whether it loads a configuration, and so runs the code in it: then the command runs in a separate process. */
  readonly loadsConfiguration?: (values: Parsed<O>['values']) => boolean;
  /** Whether it serves: then signals for a server keep their handlers. */
  readonly serves?: (values: Parsed<O>['values']) => boolean;
  /** Paragraphs between the usage and the flags. */
  readonly details?: string;
  run(values: Parsed<O>['values'], positionals: readonly string[]): Promise<number>;
}

const helpOption = { type: 'boolean', short: 'h', help: 'prints this help' } as const satisfies Option;

/** Creates a command with flags typed from their table, and with a `--help` flag. */
export function defineCommand<const O extends Options>(definition: CommandDefinition<O>): Command {
  const { name, summary } = definition;
  const options: Options = { ...definition.options, help: helpOption };
  const help = helpOf(definition, options);
  return {
    name,
    summary,
    options,
    help,
    async run(args) {
      if (asksForHelp(options, args)) {
        print(help);
        return EXIT.ok;
      }
      const { values, positionals } = parse(definition.options, args);
      if (!definition.serves?.(values)) restoreSignals(...SERVER_SIGNALS);
      const extra = positionals[definition.positionals];
      if (extra !== undefined) throw new UsageError(`unexpected argument: ${extra}`);
      if (definition.loadsConfiguration?.(values) && !mayLoadHere()) {
        return runInLoaderProcess(name === '' ? args : [name, ...args]);
      }
      return definition.run(values, positionals);
    },
  };
}

/** Help is also printed when other arguments are missing or wrong. */
function asksForHelp(options: Options, args: readonly string[]): boolean {
  return parse(options, args).values.help === true;
}

function helpOf({ name, summary, usage, details }: CommandDefinition<Options>, options: Options): string {
  const command = name === '' ? 'webserv' : `webserv ${name}`;
  const ways = usage.map(
    (way, index) => `${index === 0 ? 'usage: ' : '       '}${`${command} ${way}`.trim()}\n`,
  );
  const rows = Object.entries(options).map(([long, option]): readonly [string, string] => [
    flagOf(long, option),
    option.help,
  ]);
  const parts = [`${command}: ${summary}\n`, ways.join(''), details ?? '', table(rows), EXIT_HELP];
  return parts.filter((part) => part !== '').join('\n');
}

function flagOf(long: string, { short, value }: Option): string {
  const start = short === undefined ? '    ' : `-${short}, `;
  return `${start}--${long}${value === undefined ? '' : ` ${value}`}`;
}

/** Formats two columns. Texts in the second may have several lines. */
export function table(rows: readonly (readonly [name: string, explained: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  const gap = `\n${' '.repeat(width + 4)}`;
  return rows
    .map(([name, explained]) => `  ${name.padEnd(width)}  ${explained.replaceAll('\n', gap)}\n`)
    .join('');
}
