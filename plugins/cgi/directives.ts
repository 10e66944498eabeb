import {
  type Argument,
  ArgumentError,
  type ArgumentType,
  argument,
  type Directive,
  type DirectiveUse,
  directive,
  readArgument,
  readDuration,
  type Scope,
  type ScriptNames,
  single,
  type Template,
} from '@webserv/server';

/** How the scripts of one extension are started: interpreter and arguments. Empty: the script's file is the program. */
export type Command = readonly string[];

/**
 * The bound one `cgi_max_processes` sets. The value's identity matters: all blocks that inherit it share the bound, so
 * that it counts the processes of all locations of a server, in one worker process.
 */
export interface ProcessLimit {
  readonly max: number;
  /** Requests that may wait for a place; 503 beyond them. */
  readonly queue: number;
  /** How long one may wait, in milliseconds; then 503. */
  readonly waitMs: number;
}

/** setTimeout() takes 31 bits of milliseconds; more would fire at once. */
const MAX_TIMEOUT_MS = 24 * 86_400_000;

/** Scripts mostly wait; 32 interpreters of 20 MB are still less than a gigabyte. */
const DEFAULT_MAX = 32;
/** Requests that may wait for each process that may run, unless told otherwise. */
const QUEUE_PER_PROCESS = 8;
const DEFAULT_WAIT_MS = 30_000;
const DEFAULT_LIMIT: ProcessLimit = limitOf(DEFAULT_MAX, undefined, undefined);

function limitOf(max: number, queue: number | undefined, waitMs: number | undefined): ProcessLimit {
  return Object.freeze({
    max,
    queue: queue ?? max * QUEUE_PER_PROCESS,
    waitMs: waitMs ?? DEFAULT_WAIT_MS,
  });
}

const timeout: ArgumentType<number> = {
  usage: 'TIME',
  expected: 'a time above 0 and up to 24d, such as 60s or 5m',
  read: (text) => {
    const time = readDuration(text);
    return time !== undefined && time > 0 && time <= MAX_TIMEOUT_MS ? time : undefined;
  },
};

const EXTENSION = /^\.[^\s./\\:*?]+$/;
/** Every file, whatever its name: the key of its command. */
export const EVERY = '*';
/** That a block took the scripts of the blocks around away: the key of no command. */
const OFF = 'off';
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

function hintFor(text: string): { hint: string } | undefined {
  if (/^\.?\*$/.test(text))
    return { hint: 'for a directory of programs, whatever their names, write "cgi *;"' };
  return /^[^\s./\\:*?]+$/.test(text) ? { hint: `did you mean ".${text}"?` } : undefined;
}

function parseCommand(use: DirectiveUse, scope: Scope): readonly [string, Command] {
  const [which, interpreter, ...rest] = use.arguments;
  if (which === undefined) throw new ArgumentError('an extension is missing');
  if (which.text === OFF) {
    if (interpreter === undefined) return [OFF, []];
    throw new ArgumentError('"off" stands alone', { argument: interpreter });
  }
  if (which.text !== EVERY && !EXTENSION.test(which.text)) {
    throw new ArgumentError(`expected an extension, such as ".py", "*" or "off", got "${which.text}"`, {
      argument: which,
      ...hintFor(which.text),
    });
  }
  if (interpreter === undefined) return [which.text, []];
  // A bare name is looked for in PATH; with a slash it is a file, and a relative one starts from server_dir.
  const isPath = interpreter.text.includes('/') || interpreter.text === '';
  const program = isPath ? readArgument(argument.path, interpreter, scope) : interpreter.text;
  return [which.text, [program, ...rest.map((word) => word.text)]];
}

/** By extension or `*`. `off` takes away what stands before it, in the blocks around too. */
function combineCommands(
  values: readonly (readonly [string, Command])[],
  outer: ReadonlyMap<string, Command>,
): ReadonlyMap<string, Command> {
  const commands = new Map(outer);
  for (const [which, command] of values) {
    if (which === OFF) commands.clear();
    commands.set(which, command);
  }
  return commands;
}

/** The files that are scripts. @see ScriptRunner.names */
export function scriptNames(commands: ReadonlyMap<string, Command>): ScriptNames | 'off' | undefined {
  const extensions = [...commands.keys()].filter((which) => which !== EVERY && which !== OFF);
  const every = commands.has(EVERY);
  if (extensions.length > 0 || every) return { extensions: new Set(extensions), every };
  return commands.has(OFF) ? 'off' : undefined;
}

export const commands: Directive<ReadonlyMap<string, Command>> = directive({
  default: new Map<string, Command>(),
  usage: '.EXT|* [INTERPRETER [ARGUMENT…]] | off',
  arguments: [1, Number.POSITIVE_INFINITY],
  repeatable: true,
  inherit: 'merge',
  help: 'runs files with this extension as CGI scripts, or every file below the root (*); off takes away what the blocks around say',
  example: 'cgi .py python3;',
  argumentTypes: [
    argument.word(
      '.EXT|*|off',
      /^(?:\.[^\s./\\:*?]+|\*|off)$/,
      'an extension, such as ".py", or "*", or "off"',
    ),
    argument.text,
  ],
  parse: parseCommand,
  combine: combineCommands,
  outranks: (value) => value.has(OFF),
});

export const processTimeout: Directive<number> = single(timeout, {
  default: 60_000,
  help: 'bounds the time to the script’s header, and each silence after it',
  example: 'cgi_timeout 60s;',
});

function parseVariable(use: DirectiveUse, scope: Scope): readonly [string, Template] {
  const [name, value] = use.arguments;
  if (name === undefined || value === undefined) throw new ArgumentError('expected a name and a value');
  if (!VARIABLE.test(name.text)) {
    throw new ArgumentError(`expected the name of an environment variable, got "${name.text}"`, {
      argument: name,
    });
  }
  return [name.text, readArgument(argument.template, value, scope)];
}

export const variables: Directive<ReadonlyMap<string, Template>> = directive({
  default: new Map<string, Template>(),
  usage: 'NAME VALUE',
  arguments: [2, 2],
  repeatable: true,
  inherit: 'merge',
  help: 'adds a variable to the environment of scripts, or replaces one',
  example: 'cgi_env APP_MODE production;',
  argumentTypes: [argument.word('NAME', VARIABLE, 'a name'), argument.template],
  parse: parseVariable,
  combine: (values, outer: ReadonlyMap<string, Template>) => new Map([...outer, ...values]),
});

const processes = argument.integer(1, 10_000);
const queueWord = argument.word(
  'queue=N|wait=TIME',
  /^(?:queue=[0-9]+|wait=[0-9a-zA-Z]+)$/,
  'queue=N or wait=TIME',
);
const queued = argument.integer(0, 1_000_000);

/** `queue=N` and `wait=TIME`, in any order, each once. */
function readQueue(words: readonly Argument[], scope: Scope): { queue?: number; waitMs?: number } {
  const read: { queue?: number; waitMs?: number } = {};
  for (const word of words) {
    const [, name, text = ''] = /^(queue|wait)=(.*)$/.exec(word.text) ?? [];
    const value = { text, place: word.place };
    if (name === 'queue' && read.queue === undefined) read.queue = readArgument(queued, value, scope);
    else if (name === 'wait' && read.waitMs === undefined) read.waitMs = readArgument(timeout, value, scope);
    else throw new ArgumentError(`expected queue=N or wait=TIME, got "${word.text}"`, { argument: word });
  }
  return read;
}

export const processLimit: Directive<ProcessLimit> = directive({
  default: DEFAULT_LIMIT,
  writtenDefault: '32 queue=256 wait=30s',
  usage: 'N [queue=N] [wait=TIME]',
  arguments: [1, 3],
  in: ['main', 'server', 'location'],
  help: 'bounds the scripts that each worker process runs at once for this block and those inside it, and the requests that wait for one to end: 8 for each script and 30s unless told otherwise, 503 beyond that',
  example: 'cgi_max_processes 16 queue=100 wait=10s;',
  argumentTypes: [processes, queueWord],
  parse: ({ arguments: [count, ...rest] }, scope): ProcessLimit => {
    if (count === undefined) throw new ArgumentError('a number is missing');
    const { queue, waitMs } = readQueue(rest, scope);
    return limitOf(readArgument(processes, count, scope), queue, waitMs);
  },
  combine: (values, outer: ProcessLimit) => values.at(-1) ?? outer,
});
