import { isApart, runApart } from './apart.js';
import { type Option, type Options, type Parsed, parse, UsageError } from './arguments.js';
import { giveSignalsBack, SERVER_SIGNALS } from './early-signals.js';
import { EXIT, EXIT_HELP } from './exit.js';
import { print } from './terminal.js';

/** `webserv` itself, or one of its subcommands. */
export interface Command {
  /** Empty for `webserv` itself. */
  readonly name: string;
  /** One line, starting with a verb. */
  readonly summary: string;
  readonly options: Options;
  /** What `--help` prints. */
  readonly help: string;
  /** @returns the exit code @throws UsageError */
  run(args: readonly string[]): Promise<number>;
}

interface CommandDefinition<O extends Options> {
  readonly name: string;
  readonly summary: string;
  /** What may follow the name, one line for each way to use it. */
  readonly usage: readonly string[];
  readonly options: O;
  /** How many arguments that are no flags it takes at most. */
  readonly positionals: number;
  /** Whether it loads a configuration here, and so runs what that contains: then it does so in a process of its own. */
  readonly loadsConfiguration?: (values: Parsed<O>['values']) => boolean;
  /** Whether it serves: then the signals for a server are not left to the system. */
  readonly serves?: (values: Parsed<O>['values']) => boolean;
  /** Paragraphs between the usage and the flags. */
  readonly details?: string;
  run(values: Parsed<O>['values'], positionals: readonly string[]): Promise<number>;
}

const helpOption = { type: 'boolean', short: 'h', help: 'this text' } as const satisfies Option;

/** Makes a command whose flags are typed from their table, and that can explain itself. */
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
      if (!definition.serves?.(values)) giveSignalsBack(...SERVER_SIGNALS);
      const extra = positionals[definition.positionals];
      if (extra !== undefined) throw new UsageError(`one argument too many: ${extra}`);
      if (definition.loadsConfiguration?.(values) && !isApart()) {
        return runApart(name === '' ? args : [name, ...args]);
      }
      return definition.run(values, positionals);
    },
  };
}

/** Also beside what would be a mistake, or is missing. */
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

/** Two columns; what is explained may take several lines. */
export function table(rows: readonly (readonly [name: string, explained: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  const gap = `\n${' '.repeat(width + 4)}`;
  return rows
    .map(([name, explained]) => `  ${name.padEnd(width)}  ${explained.replaceAll('\n', gap)}\n`)
    .join('');
}
