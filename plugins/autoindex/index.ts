import {
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

/**
 * Defence in depth, should a name ever get around the escaping: nothing in a listing may run or load from elsewhere.
 */
const POLICY =
  "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Limits on listings being produced and on requests waiting for one; beyond both the response is 503. */
const LISTINGS = { atOnce: 2, waiting: 16 };

const PAGE_FIELDS = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY };
const JSON_FIELDS = { 'content-type': 'application/json' };

/** The listing a request asks for: of which directory, in which format. */
interface Asked {
  /** Cache key: equal for requests that get the same listing. */
  readonly key: string;
  readonly path: FilePath;
  readonly url: DecodedPath;
  readonly asJson: boolean;
}

/** Contexts of these directives: as in nginx, `http` included. */
const everywhere = ['main', 'server', 'location'] as const;

export default definePlugin({
  name: 'autoindex',
  directives: {
    autoindex: flag({
      in: everywhere,
      default: false,
      help: 'lists a directory that has no index file',
      example: 'autoindex on;',
    }),
    autoindex_format: oneOf(['auto', 'html', 'json'], {
      in: everywhere,
      default: 'auto',
      help: 'writes the listing as HTML, as JSON, or (auto) as the Accept field of the request prefers',
      example: 'autoindex_format json;',
    }),
  },
  setup({ hooks, usedAnywhere }) {
    const pages = new Pages();
    const work = new SharedWork<Page | undefined>(LISTINGS);
    if (usedAnywhere(({ autoindex }) => autoindex)) {
      hooks.onChanged.tap({}, () => {
        pages.expire();
        work.expire();
      });
    }
    return { pages, work };
  },
  apply({ options, hooks, route, state: { pages, work } }) {
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
