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

/** One `access_log` of a block: where lines go, and their form. */
export interface Destination {
  /** An absolute path; undefined is standard output. */
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
    throw new ArgumentError('off stands alone', { argument: form });
  }
  if (text.includes('$') || text.startsWith('syslog:') || text === 'stderr') {
    const hint =
      text === 'stderr'
        ? 'write /dev/stderr, or stdout'
        : 'neither variables nor syslog can be used; write a path, stdout or off';
    throw new ArgumentError(`"${text}" is no file to log to`, { argument: where, hint });
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
  help: 'records every request, in each of the places named',
  example: 'access_log logs/access.log combined;',
  parse,
  combine: (values) => values.filter((value) => value !== undefined),
});

/** `access_log`. `off` beside another place in one block would be taken for a mistake by one reader or the other. */
export const accessLog: Directive<readonly Destination[]> = {
  ...uses,
  read(given, outer, scope, report) {
    const off = given.find((use) => use.arguments[0]?.text === 'off');
    if (off !== undefined && given.length > 1) {
      report(off, new ArgumentError('off stands beside another access_log of this block'));
    }
    return uses.read(given, outer, scope, report);
  },
};
