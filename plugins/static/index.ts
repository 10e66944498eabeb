import { argument, definePlugin, flag, HttpError, list, Stage, single } from '@webserv/server';
import { FileCache, fileCacheDirective } from './cache.js';
import { RouteFiles } from './files.js';
import { StaticResponder } from './responder.js';
import { ownFileFirst, type TryFiles, tryFilesDirective } from './try-files.js';

const READING = ['GET', 'HEAD'] as const;
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Out of descriptors or of memory: that passes. */
const PASSING: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

function asAnswer(error: unknown): unknown {
  const passing = error instanceof Error && 'code' in error && PASSING.has(error.code);
  if (!passing) return error;
  return new HttpError(503, { reason: error.message, headers: { 'retry-after': '1' }, cause: error });
}

/**
 * The methods that a route's files are asked for; undefined for all. A folder's index file may be a script that takes
 * POST, and what `try_files` forwards to may take anything.
 */
function methodsOf(index: readonly string[], tryFiles: TryFiles | undefined): readonly string[] | undefined {
  if (tryFiles?.otherwise.kind === 'forward') return undefined;
  return index.every((name) => /\.x?html?$/i.test(name)) ? READING : [...READING, 'POST'];
}

/** As in nginx, where they may stand in `http`. */
const everywhere = ['main', 'server', 'location'] as const;

export default definePlugin({
  name: 'static',
  directives: {
    static: flag({
      default: true,
      help: 'answers with the files below the root; on wherever there is a root',
      example: 'static off;',
    }),
    index: list(argument.word('FILE', /^[^./][^/]*$/, 'a file name without a slash or a dot in front'), {
      in: everywhere,
      default: ['index.html'],
      help: "answers a folder's URL with the first of these files that is in it",
      example: 'index index.html index.php;',
    }),
    try_files: tryFilesDirective,
    etag: flag({
      in: everywhere,
      default: true,
      help: 'sends an entity-tag with every file',
      example: 'etag off;',
    }),
    cache_control: single<string, undefined>(
      argument.word('VALUE', /^[\x21-\x7e]+(?:[ \t]+[\x21-\x7e]+)*$/, 'the value of a header field'),
      {
        default: undefined,
        help: 'sends Cache-Control: VALUE with every file',
        example: 'cache_control "public, max-age=3600";',
      },
    ),
    file_cache: fileCacheDirective,
  },
  setup: ({ options }) => new FileCache(options.file_cache),
  apply({ options, hooks, route, state: cache, announce }) {
    // Whatever changed something on this server may have changed a file, as in RFC 9111 §4.4.
    hooks.onDone.tap({}, ({ request }) => {
      if (!SAFE.has(request.method)) cache.expire();
    });
    if (!options.static || route.root === undefined) return;
    announce('files', true);
    const files = new RouteFiles(route, cache, { etag: options.etag, cacheControl: options.cache_control });
    const responder = new StaticResponder(route, files, options.index, options.try_files);

    if (ownFileFirst(options.try_files)) {
      hooks.onRoute.tap({ stage: Stage.content, methods: READING }, (exchange) => responder.recall(exchange));
    }
    const methods = methodsOf(options.index, options.try_files);
    hooks.onRoute.tapPromise(
      { stage: Stage.content, ...(methods === undefined ? {} : { methods }) },
      async (exchange) => {
        try {
          return await responder.answer(exchange);
        } catch (error) {
          throw asAnswer(error);
        }
      },
    );
  },
});
