import {
  definePlugin,
  flag,
  HttpError,
  hasHiddenSegment,
  oneOf,
  openDirectory,
  preferredType,
  type Response,
  Stage,
} from '@webserv/server';
import { type Listing, readListing } from './listing.js';
import { renderJson, renderPage } from './page.js';

const OFFERS = ['text/html', 'application/json'] as const;

/** Should a name ever get around the escaping: nothing in a listing runs or is fetched from elsewhere. */
const POLICY =
  "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

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
  apply({ options, hooks, route }) {
    if (!options.autoindex || route.root === undefined) return;
    const format = options.autoindex_format;
    const negotiated = format === 'auto' ? { vary: 'accept' } : {};

    hooks.onRoute.tapPromise(
      { stage: Stage.fallback, methods: ['GET', 'HEAD'] },
      async ({ request }): Promise<Response | undefined> => {
        if (!request.path.endsWith('/') || hasHiddenSegment(request.path)) return undefined;
        const path = route.resolve(request.path);
        if (path === undefined) return undefined;

        const lookup = await openDirectory(path, route.boundary);
        if (lookup.kind === 'absent') return undefined;
        if (lookup.kind === 'forbidden') throw new HttpError(403, { reason: 'directory not readable' });
        let listing: Listing;
        try {
          listing = await readListing(lookup.directory, route.boundary);
        } finally {
          await lookup.directory.close();
        }

        const asJson =
          format === 'json' ||
          (format === 'auto' && preferredType(request.headers.get('accept'), OFFERS) === 'application/json');
        return asJson
          ? {
              status: 200,
              headers: { 'content-type': 'application/json', ...negotiated },
              body: renderJson(listing),
            }
          : {
              status: 200,
              headers: {
                'content-type': 'text/html; charset=utf-8',
                'content-security-policy': POLICY,
                ...negotiated,
              },
              body: renderPage(request.path, listing),
            };
      },
    );
  },
});
