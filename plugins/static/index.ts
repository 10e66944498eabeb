import { argument, definePlugin, flag, list, Stage, single } from '@webserv/server';
import { FileCache, fileCacheDirective } from './cache.js';
import { RouteFiles } from './files.js';
import { StaticResponder } from './responder.js';
import { ownFileFirst, type TryFiles, tryFilesDirective } from './try-files.js';

const READING = ['GET', 'HEAD'] as const;

/**
 * Methods handled by a route's files; undefined means all. A directory's index file may be a script that takes POST,
 * and the target of `try_files` may take any method.
 */
function methodsOf(index: readonly string[], tryFiles: TryFiles | undefined): readonly string[] | undefined {
  if (tryFiles?.otherwise.kind === 'forward') return undefined;
  return index.every((name) => /\.x?html?$/i.test(name)) ? READING : [...READING, 'POST'];
}

/** Contexts of these directives: as in nginx, `http` included. */
const everywhere = ['main', 'server', 'location'] as const;

export default definePlugin({
  name: 'static',
  directives: {
    static: flag({
      default: true,
      help: 'serves the files below the root; on wherever a root is set',
      example: 'static off;',
    }),
    index: list(argument.word('FILE', /^[^./][^/]*$/, 'a file name without a slash or a dot at its start'), {
      in: everywhere,
      default: ['index.html'],
      help: "serves a directory's URL with the first of these files that it contains",
      example: 'index index.html index.php;',
    }),
    try_files: tryFilesDirective,
    etag: flag({
      in: everywhere,
      default: true,
      help: 'adds an ETag field to every file',
      example: 'etag off;',
    }),
    cache_control: single<string, undefined>(
      argument.word('VALUE', /^[\x21-\x7e]+(?:[ \t]+[\x21-\x7e]+)*$/, 'the value of a header field'),
      {
        default: undefined,
        help: 'adds Cache-Control: VALUE to every file',
        example: 'cache_control "public, max-age=3600";',
      },
    ),
    file_cache: fileCacheDirective,
  },
  setup({ options, hooks }) {
    const cache = new FileCache(options.file_cache);
    hooks.onChanged.tap({}, () => cache.expire());
    return cache;
  },
  apply({ options, hooks, route, state: cache, announce }) {
    if (!options.static || route.root === undefined) return;
    announce('files', true);
    const { etag, index, cache_control: cacheControl, try_files: tryFiles } = options;
    let responder: StaticResponder | undefined;
    // Made by the first request: a configuration may have ten thousand routes.
    const serving = (): StaticResponder => {
      responder ??= new StaticResponder(
        route,
        new RouteFiles(route, cache, { etag, cacheControl }),
        index,
        tryFiles,
      );
      return responder;
    };

    if (ownFileFirst(tryFiles)) {
      hooks.onRoute.tap({ stage: Stage.content, methods: READING }, (exchange) => serving().recall(exchange));
    }
    const methods = methodsOf(index, tryFiles);
    hooks.onRoute.tapPromise(
      { stage: Stage.content, ...(methods === undefined ? {} : { methods }) },
      (exchange) => serving().respond(exchange),
    );
  },
});
