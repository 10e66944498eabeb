import {
  ArgumentError,
  type ArgumentType,
  argument,
  type Directive,
  type DirectiveUse,
  directive,
  readArgument,
  readDuration,
  type Scope,
  single,
  type Template,
} from '@webserv/server';

/** How the scripts of one extension are started: interpreter and arguments. Empty: the script's file is the program. */
export type Command = readonly string[];

/**
 * The bound one `cgi_max_processes` sets. The value's identity matters: all blocks that inherit it share the bound, so
 * that it counts the processes of a whole server and not of each of its locations.
 */
export interface ProcessLimit {
  readonly max: number;
}

/** setTimeout() takes 31 bits of milliseconds; more would fire at once. */
const MAX_TIMEOUT_MS = 24 * 86_400_000;

/** Scripts mostly wait; 32 interpreters of 20 MB are still less than a gigabyte. */
const DEFAULT_LIMIT: ProcessLimit = Object.freeze({ max: 32 });

const timeout: ArgumentType<number> = {
  usage: 'TIME',
  expected: 'a time above 0 and up to 24d, such as 60s or 5m',
  read: (text) => {
    const time = readDuration(text);
    return time !== undefined && time > 0 && time <= MAX_TIMEOUT_MS ? time : undefined;
  },
};

function parseCommand(use: DirectiveUse, scope: Scope): readonly [string, Command] {
  const [extension, interpreter, ...rest] = use.arguments;
  if (extension === undefined) throw new ArgumentError('an extension is missing');
  if (!/^\.[^\s./\\:]+$/.test(extension.text)) {
    const hint = /^[^\s./\\:]+$/.test(extension.text) ? { hint: `did you mean ".${extension.text}"?` } : {};
    throw new ArgumentError(`expected an extension, such as ".py", got "${extension.text}"`, {
      argument: extension,
      ...hint,
    });
  }
  if (interpreter === undefined) return [extension.text, []];
  // A bare name is looked for in PATH; with a slash it is a file, and a relative one starts from server_dir.
  const isPath = interpreter.text.includes('/') || interpreter.text === '';
  const program = isPath ? readArgument(argument.path, interpreter, scope) : interpreter.text;
  return [extension.text, [program, ...rest.map((word) => word.text)]];
}

export const commands: Directive<ReadonlyMap<string, Command>> = directive({
  default: new Map<string, Command>(),
  usage: '.EXT [INTERPRETER [ARGUMENT…]]',
  arguments: [1, Number.POSITIVE_INFINITY],
  repeatable: true,
  inherit: 'merge',
  help: 'runs files with this extension as CGI scripts',
  example: 'cgi .py python3;',
  parse: parseCommand,
  combine: (values, outer: ReadonlyMap<string, Command>) => new Map([...outer, ...values]),
});

export const processTimeout: Directive<number> = single(timeout, {
  default: 60_000,
  help: 'bounds the time to the script’s header, and each silence after it',
  example: 'cgi_timeout 60s;',
});

function parseVariable(use: DirectiveUse, scope: Scope): readonly [string, Template] {
  const [name, value] = use.arguments;
  if (name === undefined || value === undefined) throw new ArgumentError('expected a name and a value');
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name.text)) {
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
  parse: parseVariable,
  combine: (values, outer: ReadonlyMap<string, Template>) => new Map([...outer, ...values]),
});

const processes = argument.integer(1, 10_000);

export const processLimit: Directive<ProcessLimit> = directive({
  default: DEFAULT_LIMIT,
  writtenDefault: '32',
  usage: processes.usage,
  arguments: [1, 1],
  in: ['main', 'server', 'location'],
  help: 'bounds the scripts that run at once for this block and those inside it',
  example: 'cgi_max_processes 32;',
  parse: (use, scope): ProcessLimit => {
    const [count] = use.arguments;
    if (count === undefined) throw new ArgumentError('a number is missing');
    return Object.freeze({ max: readArgument(processes, count, scope) });
  },
  combine: (values, outer: ProcessLimit) => values.at(-1) ?? outer,
});
