import {
  type Config,
  type DecodedPath,
  definePlugin,
  type FilePath,
  flag,
  Hot,
  HttpError,
  hasHiddenSegment,
  oneOf,
  openDirectory,
  preferredType,
  type Response,
  type ResponseHeaders,
  Stage,
} from '@webserv/server';
import { type Listing, readListing } from './listing.js';
import { renderJson, renderPage } from './page.js';

const OFFERS = ['text/html', 'application/json'] as const;

/** Should a name ever get around the escaping: nothing in a listing runs or is fetched from elsewhere. */
const POLICY =
  "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A folder that is asked for so often within a second is read once a second: reading costs a look at every entry. */
const RECENT = { validMs: 1000, threshold: 4, maxKeys: 32 };
/** Characters of a page that is kept; a larger one is written anew each time. */
const MAX_KEPT = 1024 * 1024;

/** RFC 9110 §9.2.1: what these ask for changes nothing. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Frozen, so that the server keeps the bytes it made of it. */
function page(headers: ResponseHeaders, body: string): Response {
  return Object.freeze({ status: 200, headers: Object.freeze(headers), body });
}

type RouteConfig = Config['servers'][number]['route'];

function lists({ options, children }: RouteConfig): boolean {
  return options.get('autoindex')?.autoindex === true || children.some(lists);
}

export default definePlugin({
  name: 'autoindex',
  directives: {
    autoindex: flag({
      default: false,
      help: 'lists a folder that has no index file',
      example: 'autoindex on;',
    }),
    autoindex_format: oneOf(['auto', 'html', 'json'], {
      default: 'auto',
      help: 'writes the list as a page, as JSON, or as the client asks by Accept',
      example: 'autoindex_format json;',
    }),
  },
  setup({ hooks }) {
    const state = { recent: new Hot<Response>(RECENT), wanted: false };
    hooks.onConfig.tap({}, ({ servers }) => {
      state.wanted = servers.some(({ route }) => lists(route));
    });
    return state;
  },
  apply({ options, hooks, route, state: { recent, wanted } }) {
    // Whatever changed something on this server may have changed a folder.
    if (wanted) {
      hooks.onDone.tap({}, ({ request }) => {
        if (!SAFE.has(request.method)) recent.expire();
      });
    }
    if (!options.autoindex || route.root === undefined) return;
    const format = options.autoindex_format;
    const negotiated = format === 'auto' ? { vary: 'accept' } : {};
    const { directory: boundary, followSymlinks } = route.boundary;

    const list = async (path: FilePath, url: DecodedPath, asJson: boolean): Promise<Response | undefined> => {
      const lookup = await openDirectory(path, route.boundary);
      if (lookup.kind === 'absent') return undefined;
      if (lookup.kind === 'forbidden') throw new HttpError(403, { reason: 'directory not readable' });
      let listing: Listing;
      try {
        listing = await readListing(lookup.directory, route.boundary);
      } finally {
        await lookup.directory.close();
      }
      if (asJson) return page({ 'content-type': 'application/json', ...negotiated }, renderJson(listing));
      const fields = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY };
      return page({ ...fields, ...negotiated }, renderPage(url, listing));
    };

    hooks.onRoute.tapPromise(
      { stage: Stage.fallback, methods: ['GET', 'HEAD'] },
      async ({ request }): Promise<Response | undefined> => {
        if (!request.path.endsWith('/') || hasHiddenSegment(request.path)) return undefined;
        const path = route.resolve(request.path);
        if (path === undefined) return undefined;
        const asJson =
          format === 'json' ||
          (format === 'auto' && preferredType(request.headers.get('accept'), OFFERS) === 'application/json');
        const key = [asJson, format, followSymlinks, boundary, path, request.path].join('\0');
        const known = recent.ask(key);
        if (known !== undefined) return known;
        const madeAt = performance.now();
        const answer = await list(path, request.path, asJson);
        const { body } = answer ?? {};
        if (answer !== undefined && typeof body === 'string' && body.length <= MAX_KEPT) {
          recent.keep(key, answer, madeAt);
        }
        return answer;
      },
    );
  },
});
