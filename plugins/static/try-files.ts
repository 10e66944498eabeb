import {
  type Argument,
  ArgumentError,
  argument,
  type DecodedPath,
  type Directive,
  directive,
  type Exchange,
  isUnder,
  readArgument,
  resolvePath,
  type Scope,
  type Template,
} from '@webserv/server';

/** Value of `try_files`. */
export interface TryFiles {
  readonly candidates: readonly Template[];
  /** Used when no candidate exists. */
  readonly otherwise: Otherwise;
}

type Otherwise =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'forward'; readonly path: Template; readonly query: Template | undefined };

/** Candidates that name the request's own file. */
const OWN_PATH: ReadonlySet<string> = new Set(['$uri', '$' + '{uri}']);

function readOtherwise(word: Argument, scope: Scope): Otherwise {
  if (word.text.startsWith('=')) {
    const status = /^=[45]\d\d$/.test(word.text) ? Number(word.text.slice(1)) : undefined;
    if (status !== undefined) return { kind: 'status', status };
    throw new ArgumentError(`expected an error status such as =404, got "${word.text}"`, { argument: word });
  }
  if (!/^[/$]/.test(word.text)) {
    throw new ArgumentError(`expected a URI that starts with a slash, or =404, got "${word.text}"`, {
      argument: word,
      hint: 'the last argument is used when none of the files before it exists',
    });
  }
  // Split before variables are filled in: a question mark from a variable is part of the path, except in $is_args.
  const mark = /\?|\$is_args\b|\$\{is_args\}/.exec(word.text);
  const part = (text: string): Template => readArgument(argument.template, { ...word, text }, scope);
  if (mark === null) return { kind: 'forward', path: part(word.text), query: undefined };
  return {
    kind: 'forward',
    path: part(word.text.slice(0, mark.index)),
    query: part(word.text.slice(mark.index + mark[0].length)),
  };
}

export const tryFilesDirective: Directive<TryFiles | undefined> = directive<TryFiles | undefined, TryFiles>({
  default: undefined,
  inherit: 'none',
  usage: 'FILE… URI|=CODE',
  arguments: [2, Number.POSITIVE_INFINITY],
  help: 'serves the first of these files that exists (with a trailing slash: directories), else forwards to URI or fails with =CODE',
  example: 'try_files $uri $uri/ /index.php?$args;',
  parse({ arguments: words }, scope) {
    const last = words.at(-1);
    if (last === undefined) throw new ArgumentError('expected files and a URI');
    return {
      candidates: words.slice(0, -1).map((word) => readArgument(argument.template, word, scope)),
      otherwise: readOtherwise(last, scope),
    };
  },
  combine: (values, outer) => values.at(-1) ?? outer,
});

/** Whether the request's own file, if it exists, is served before any other candidate. */
export function ownFileFirst(tryFiles: TryFiles | undefined): boolean {
  const first = tryFiles?.candidates[0]?.source;
  return first === undefined || OWN_PATH.has(first);
}

/** Whether a candidate names a directory: by a trailing slash that is written, not a variable's. */
export function isDirectoryName({ source }: Template): boolean {
  return source.endsWith('/');
}

/**
 * URL path of a candidate. It is relative to the root in force, whether it is written from the root's prefix or from
 * `/`.
 * @returns undefined for a name no file can have
 */
export function candidatePath(candidate: Template, exchange: Exchange): DecodedPath | undefined {
  const prefix = exchange.route.root?.prefix ?? '/';
  const rendered = candidate.render(exchange);
  const written = rendered.startsWith('/') ? rendered : `/${rendered}`;
  const path = resolvePath(written);
  if (path === undefined || isUnder(path, prefix)) return path;
  return resolvePath(prefix + path);
}

/** Query that is written in the URI of `otherwise`, with its question mark; empty if none is. */
export function queryOf({ query }: Extract<Otherwise, { kind: 'forward' }>, exchange: Exchange): string {
  if (query === undefined) return '';
  // Escapes are kept, since `$args` is already encoded.
  const text = query.render(exchange).toWellFormed();
  if (text === '') return '';
  return `?${text.replace(/[^\w\-.~!$&'()*+,;=:@/?%]/gu, encodeURIComponent)}`;
}
