import {
  type Config,
  type DecodedPath,
  definePlugin,
  type FilePath,
  flag,
  HttpError,
  oneOf,
  openDirectory,
  preferredType,
  type Response,
  SharedWork,
  Stage,
} from '@webserv/server';
import { type Listing, readListing } from './listing.js';
import { renderJson, renderPage } from './page.js';
import { type Page, Pages } from './pages.js';
import { Slice } from './slice.js';

const OFFERS = ['text/html', 'application/json'] as const;

/** Should a name ever get around the escaping: nothing in a listing runs or is fetched from elsewhere. */
const POLICY =
  "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Listings that are read and written at the same time, and those that wait; beyond them the answer is 503. */
const LISTINGS = { atOnce: 2, waiting: 16 };

/** RFC 9110 §9.2.1: what these ask for changes nothing. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const PAGE_FIELDS = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY };
const JSON_FIELDS = { 'content-type': 'application/json' };

/** Which listing, of what, in which form. */
interface Asked {
  /** Equal where the same listing would be made. */
  readonly key: string;
  readonly path: FilePath;
  readonly url: DecodedPath;
  readonly asJson: boolean;
}

type RouteConfig = Config['servers'][number]['route'];

function lists({ options, children }: RouteConfig): boolean {
  return options.get('autoindex')?.autoindex === true || children.some(lists);
}

/** As in nginx, where they may stand in `http`. */
const everywhere = ['main', 'server', 'location'] as const;

export default definePlugin({
  name: 'autoindex',
  directives: {
    autoindex: flag({
      in: everywhere,
      default: false,
      help: 'lists a folder that has no index file',
      example: 'autoindex on;',
    }),
    autoindex_format: oneOf(['auto', 'html', 'json'], {
      in: everywhere,
      default: 'auto',
      help: 'writes the list as a page, as JSON, or as the client asks by Accept',
      example: 'autoindex_format json;',
    }),
  },
  setup({ hooks }) {
    const state = { pages: new Pages(), work: new SharedWork<Page | undefined>(LISTINGS), wanted: false };
    hooks.onConfig.tap({}, ({ servers }) => {
      state.wanted = servers.some(({ route }) => lists(route));
    });
    return state;
  },
  apply({ options, hooks, route, state: { pages, work, wanted } }) {
    // Whatever changed something on this server may have changed a directory.
    if (wanted) {
      hooks.onDone.tap({}, ({ request }) => {
        if (SAFE.has(request.method)) return;
        pages.expire();
        work.expire();
      });
    }
    if (!options.autoindex || route.root === undefined) return;
    const format = options.autoindex_format;
    const negotiated = format === 'auto' ? { vary: 'accept' } : {};
    const { directory: boundary, followSymlinks, hiddenFiles } = route.boundary;

    const make = async (asked: Asked, signal: AbortSignal): Promise<Page | undefined> => {
      pages.checkRoom();
      const madeAt = performance.now();
      const lookup = await openDirectory(asked.path, route.boundary);
      if (lookup.kind === 'absent') return undefined;
      if (lookup.kind === 'forbidden') throw new HttpError(403, { reason: 'directory not readable' });
      let listing: Listing;
      try {
        listing = await readListing(lookup.directory, route.boundary, { signal });
      } finally {
        await lookup.directory.close();
      }
      const slice = new Slice(signal);
      const bytes = asked.asJson
        ? await renderJson(listing, slice)
        : await renderPage(asked.url, listing, slice);
      return pages.keep(
        asked.key,
        { ...(asked.asJson ? JSON_FIELDS : PAGE_FIELDS), ...negotiated },
        bytes,
        madeAt,
      );
    };

    hooks.onRoute.tapPromise(
      { stage: Stage.fallback, methods: ['GET', 'HEAD'] },
      async (exchange): Promise<Response | undefined> => {
        const { request } = exchange;
        if (!request.path.endsWith('/')) return undefined;
        const path = route.resolve(request.path);
        if (path === undefined) return undefined;
        const asJson =
          format === 'json' ||
          (format === 'auto' && preferredType(request.headers.get('accept'), OFFERS) === 'application/json');
        const key = [asJson, format, followSymlinks, hiddenFiles, boundary, path, request.path].join('\0');
        const asked: Asked = { key, path, url: request.path, asJson };
        const page =
          pages.recent(key) ?? (await work.do(key, (signal) => make(asked, signal), exchange.signal));
        return page && pages.send(page, exchange);
      },
    );
  },
});
