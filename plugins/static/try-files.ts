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

/** What `try_files` says. */
export interface TryFiles {
  readonly candidates: readonly Template[];
  /** What answers when there is no candidate. */
  readonly otherwise: Otherwise;
}

type Otherwise =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'forward'; readonly path: Template; readonly query: Template | undefined };

/** The candidate that is the request's own file. */
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
      hint: 'the last argument answers when none of the files before it is there',
    });
  }
  // Split before variables are filled in: a question mark in one of them is part of the path, but for $is_args.
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
  help: 'answers with the first file there is (a folder, with a slash at the end), or else forwards to a URI or fails with =CODE',
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

/** Whether a request whose own file is there is answered with it, whatever else there is. */
export function ownFileFirst(tryFiles: TryFiles | undefined): boolean {
  const first = tryFiles?.candidates[0]?.source;
  return first === undefined || OWN_PATH.has(first);
}

/** True for a candidate that is a directory: its slash at the end is written, not a variable's. */
export function isDirectoryName({ source }: Template): boolean {
  return source.endsWith('/');
}

/**
 * The URL path a candidate stands for: below the root that is in force, whether it is written from its prefix or from
 * the top.
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

/** The query of the URI that `otherwise` forwards to, with its question mark; only what is written there. */
export function queryOf({ query }: Extract<Otherwise, { kind: 'forward' }>, exchange: Exchange): string {
  if (query === undefined) return '';
  // Escapes stay as they are: `$args` is encoded already.
  const text = query.render(exchange).toWellFormed();
  if (text === '') return '';
  return `?${text.replace(/[^\w\-.~!$&'()*+,;=:@/?%]/gu, encodeURIComponent)}`;
}
