import {
  ArgumentError,
  argument,
  type Directive,
  type DirectiveUse,
  directive,
  type Place,
  readArgument,
  type Scope,
} from '@webserv/server';

export const formats = ['combined', 'json', 'pretty'] as const;
export type Format = (typeof formats)[number];

/** A destination of a block's `access_log`: the file and the format of its lines. */
export interface Destination {
  /** Absolute path; undefined means standard output. */
  readonly path: string | undefined;
  readonly format: Format;
  readonly place: Place;
}

const format = argument.oneOf(formats);

/** @returns undefined for `off` */
function parse({ arguments: [where, form] }: DirectiveUse, scope: Scope): Destination | undefined {
  if (where === undefined) throw new ArgumentError('expected a path, stdout or off');
  const { text, place } = where;
  if (text === 'off') {
    if (form === undefined) return undefined;
    throw new ArgumentError('"off" takes no further arguments', { argument: form });
  }
  if (text.includes('$') || text.startsWith('syslog:') || text === 'stderr') {
    const hint =
      text === 'stderr'
        ? 'write /dev/stderr, or stdout'
        : 'variables and syslog are not supported; write a path, stdout or off';
    throw new ArgumentError(`expected a path, stdout or off, got "${text}"`, { argument: where, hint });
  }
  const path = text === 'stdout' ? undefined : readArgument(argument.path, where, scope);
  return { path, format: form === undefined ? 'combined' : readArgument(format, form, scope), place };
}

const uses = directive<readonly Destination[], Destination | undefined>({
  in: ['main', 'server', 'location'],
  usage: `PATH|stdout|off [${formats.join('|')}]`,
  arguments: [1, 2],
  argumentTypes: [argument.path, format],
  repeatable: true,
  default: [],
  writtenDefault: 'off',
  help: 'logs every request to each of the files named',
  example: 'access_log logs/access.log combined;',
  parse,
  combine: (values) => values.filter((value) => value !== undefined),
});

/**
 * `access_log`. Rejects `off` together with another `access_log` in one block, because readers would disagree about its
 * effect.
 */
export const accessLog: Directive<readonly Destination[]> = {
  ...uses,
  read(given, outer, scope, report) {
    const off = given.find((use) => use.arguments[0]?.text === 'off');
    if (off !== undefined && given.length > 1) {
      report(off, new ArgumentError('"off" cannot be combined with another access_log in the same block'));
    }
    return uses.read(given, outer, scope, report);
  },
};
