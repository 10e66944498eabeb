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

/** Interpreter and arguments for the scripts of one extension. Empty: the script itself is the program. */
export type Command = readonly string[];

/**
 * Limit set by one `cgi_max_processes`. The identity of the value matters: all blocks that inherit it share the limit,
 * so it counts the processes of all locations of a server, in one worker process.
 */
export interface ProcessLimit {
  readonly max: number;
  /** Maximum number of requests that wait for a slot; further ones get 503. */
  readonly queue: number;
  /** Maximum wait in milliseconds; then 503. */
  readonly waitMs: number;
}

/** setTimeout() takes 31 bits of milliseconds; larger values would fire immediately. */
const MAX_TIMEOUT_MS = 24 * 86_400_000;

/** Scripts mostly wait, and 32 interpreters of 20 MB take less than a gigabyte. */
const DEFAULT_MAX = 32;
/** Default for the number of waiting requests per process. */
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
/** Key of the command for every file, regardless of its name. */
export const EVERY = '*';
/** Key that marks a block which disables the scripts of the enclosing blocks; it has no command. */
const OFF = 'off';
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

function hintFor(text: string): { hint: string } | undefined {
  if (/^\.?\*$/.test(text))
    return { hint: 'for a directory of programs, whatever their names, write "cgi *;"' };
  return /^[^\s./\\:*?]+$/.test(text) ? { hint: `did you mean ".${text}"?` } : undefined;
}

function parseCommand(use: DirectiveUse, scope: Scope): readonly [string, Command] {
  const [which, interpreter, ...rest] = use.arguments;
  if (which === undefined) throw new ArgumentError('expected an extension such as ".py", "*" or "off"');
  if (which.text === OFF) {
    if (interpreter === undefined) return [OFF, []];
    throw new ArgumentError('"off" takes no further arguments', { argument: interpreter });
  }
  if (which.text !== EVERY && !EXTENSION.test(which.text)) {
    throw new ArgumentError(`expected an extension, such as ".py", "*" or "off", got "${which.text}"`, {
      argument: which,
      ...hintFor(which.text),
    });
  }
  if (interpreter === undefined) return [which.text, []];
  // A bare name is searched in PATH; a name with a slash is a file, relative to server_dir.
  const isPath = interpreter.text.includes('/') || interpreter.text === '';
  const program = isPath ? readArgument(argument.path, interpreter, scope) : interpreter.text;
  return [which.text, [program, ...rest.map((word) => word.text)]];
}

/** Merges by extension or `*`. `off` removes all earlier entries, inherited ones included. */
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

/** Returns the names of files that are scripts. @see ScriptRunner.names */
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
  help: 'runs files with this extension, or every file below the root (*), as CGI scripts; off disables inherited ones',
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
  help: 'limits the time until the end of a script’s header section, and each pause in its output after that',
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
  help: 'sets a variable in the environment of scripts',
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

/** Reads `queue=N` and `wait=TIME`, in any order, each at most once. */
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
  help: 'limits the scripts that each worker process runs concurrently for this block and those inside it; further requests wait in a queue (default: 8N requests, 30s), beyond which they get 503',
  example: 'cgi_max_processes 16 queue=100 wait=10s;',
  argumentTypes: [processes, queueWord],
  parse: ({ arguments: [count, ...rest] }, scope): ProcessLimit => {
    if (count === undefined) throw new ArgumentError('expected a number');
    const { queue, waitMs } = readQueue(rest, scope);
    return limitOf(readArgument(processes, count, scope), queue, waitMs);
  },
  combine: (values, outer: ProcessLimit) => values.at(-1) ?? outer,
});
