import type { Answer } from '../wire/answers.js';
import type { Difference } from './compare.js';
import { decodedPath } from './decoded-path.js';
import { OUTSIDE_LINKS } from './generate-tree.js';
import { allLocations, hasStore, type Request, type World } from './model.js';

/** A request to which the two servers respond differently. */
export interface Meeting {
  readonly world: World;
  readonly request: Request;
  readonly differences: readonly Difference[];
  readonly nginx: Answer;
  readonly webserv: Answer;
  /** The statuses without any `error_page`, which may change the status. */
  readonly bare: { readonly nginx: number; readonly webserv: number };
}

/** An intended difference. */
export interface Allowed {
  /** Id of the row in docs/from-nginx.md, "Different on purpose", that documents it. */
  readonly row: string;
  readonly holds: (meeting: Meeting) => boolean;
}

const isError = (status: number): boolean => status >= 400;
const field = ({ fields }: Request, wanted: string): string | undefined =>
  fields.find(([name]) => name === wanted)?.[1];

/**
 * Each entry is as narrow as possible, because a difference that it allows is not examined. Remove an entry that no run
 * needs.
 */
export const allowed: readonly Allowed[] = [
  {
    row: 'hidden-names',
    // A front controller may respond to hidden names in its own way.
    holds: ({ request, webserv }) => hasHiddenSegment(request) && !webserv.content.includes('/.'),
  },
  {
    row: 'no-index',
    holds: ({ bare }) => bare.nginx === 403 && bare.webserv === 404,
  },
  {
    row: 'methods',
    // POST and PATCH for a directory without its slash may be redirected to the directory; absent files are 404.
    holds: ({ request: { method }, bare }) => {
      if (method === 'GET') return false;
      if (bare.webserv === 405) return isError(bare.nginx) || bare.nginx === 301;
      return (
        (bare.nginx === 405 && (bare.webserv === 404 || bare.webserv === 403)) ||
        (bare.nginx < 406 && bare.webserv === 308)
      );
    },
  },
  {
    row: 'options',
    holds: ({ request, bare }) => request.method === 'OPTIONS' && bare.webserv === 204,
  },
  {
    row: 'symbolic-links',
    holds: ({ request, bare }) =>
      isError(bare.webserv) && segments(request).some((segment) => OUTSIDE_LINKS.includes(segment)),
  },
  {
    row: 'later-times',
    holds: ({ request, bare }) =>
      field(request, 'If-Modified-Since')?.includes('2100') === true && bare.webserv === 304,
  },
  {
    row: 'range-with-head',
    holds: ({ request, bare }) =>
      request.method === 'HEAD' &&
      field(request, 'Range') !== undefined &&
      (bare.nginx === 206 || bare.nginx === 416) &&
      bare.webserv === 200,
  },
  {
    row: 'encoded-nul',
    holds: ({ request, bare }) => request.target.includes('%00') && bare.nginx === 400,
  },
  {
    row: 'autoindex',
    holds: ({ differences }) =>
      differences.every((each) => each.what === 'listing' && differsInLinksOnly(each)),
  },
  {
    row: 'return-type',
    holds: ({ differences, webserv }) =>
      differences.every(({ what }) => what === 'type') && webserv.content === 'as returned',
  },
  {
    row: 'encoded-slash',
    holds: ({ request }) => /%2f/i.test(request.target),
  },
  {
    row: 'refusal-page',
    holds: ({ nginx, bare }) => bare.nginx === 401 && bare.webserv === 401 && nginx.status === 401,
  },
  {
    row: 'redirecting-error-page',
    holds: ({ nginx, webserv, bare }) =>
      bare.nginx === bare.webserv && [301, 302].includes(nginx.status) && webserv.status !== nginx.status,
  },
  {
    row: 'failing-error-page',
    holds: ({ nginx, webserv, bare }) =>
      bare.nginx === bare.webserv && isError(nginx.status) && webserv.status === bare.webserv,
  },
  {
    row: 'preconditions',
    holds: ({ request, nginx, bare }) => {
      if (isWriting(request)) return bare.webserv === 412;
      const kept = field(request, 'If-Unmodified-Since') ?? field(request, 'If-Match');
      return (
        (bare.webserv === 304 && field(request, 'If-None-Match') !== undefined) ||
        (kept !== undefined && (bare.nginx === 412 || nginx.status === 412) !== (bare.webserv === 412)) ||
        // nginx evaluates preconditions for its error pages, too.
        (isError(bare.nginx) && [206, 304, 416].includes(nginx.status)) ||
        (field(request, 'If-None-Match') === '*' && bare.nginx === 304 && bare.webserv === 200)
      );
    },
  },
  {
    row: 'post-to-store',
    holds: ({ world, request, bare }) =>
      request.method === 'POST' && bare.nginx >= 300 && bare.webserv !== 405 && hasStore(world),
  },
  {
    row: 'static-siblings',
    holds: ({ nginx, webserv }) => {
      const isCompressible = /^text\//.test(webserv.fields.get('content-type') ?? '');
      const mayBePlain = webserv.content.length < 1024 || !isCompressible;
      return nginx.fields.has('content-encoding') && !webserv.fields.has('content-encoding') && mayBePlain;
    },
  },
  {
    row: 'sibling-ranges',
    holds: ({ request, nginx, webserv }) =>
      field(request, 'Range') !== undefined &&
      nginx.fields.has('content-encoding') &&
      !webserv.fields.has('content-encoding'),
  },
  {
    row: 'http10-encodings',
    holds: ({ request, nginx, webserv }) =>
      request.version === '1.0' &&
      webserv.fields.has('content-encoding') &&
      !nginx.fields.has('content-encoding'),
  },
  {
    row: 'put-directories',
    holds: ({ request, bare }) => request.method === 'PUT' && bare.nginx === 500 && isError(bare.webserv),
  },
  {
    row: 'upload-names',
    holds: ({ request, bare }) =>
      request.method === 'PUT' && bare.webserv === 400 && /[\\\n]/.test(decodedPath(request.target) ?? ''),
  },
  {
    row: 'upload-links',
    holds: ({ request, bare }) =>
      isWriting(request) &&
      bare.webserv === 409 &&
      /link|dangling|out-dir/.test(segments(request).at(-1) ?? ''),
  },
  {
    row: 'any-encoding',
    holds: ({ request, nginx, webserv }) =>
      field(request, 'Accept-Encoding') === '*' &&
      !nginx.fields.has('content-encoding') &&
      webserv.fields.get('content-encoding') === 'gzip',
  },
  {
    row: 'sibling-uploads',
    holds: ({ request, bare }) =>
      request.method === 'PUT' && /\.gz$/i.test(decodedPath(request.target) ?? '') && bare.webserv === 409,
  },
  {
    row: 'delete-directories',
    // A path with a slash after a file's name is not a file.
    holds: ({ request, bare }) =>
      request.method === 'DELETE' && (bare.webserv === 409 || (bare.nginx === 409 && bare.webserv === 404)),
  },
  {
    row: 'try-files-access',
    holds: ({ world, bare }) =>
      bare.nginx < 400 && [401, 403, 405].includes(bare.webserv) && triesAnother(world),
  },
  {
    row: 'root-in-location',
    holds: ({ world, bare }) =>
      bare.nginx === 200 && (bare.webserv === 200 || bare.webserv === 404) && triesAnother(world, true),
  },
  {
    row: 'try-files-cycle',
    holds: ({ bare }) => bare.nginx === 500 && bare.webserv === 404,
  },
  {
    row: 'return-in-server',
    holds: ({ world, bare }) =>
      world.servers.some(({ locations }) =>
        [...allLocations(locations)].some(({ rules }) => rules.answer?.status === bare.webserv),
      ),
  },
  {
    row: 'invalid-range',
    holds: ({ request, bare }) =>
      field(request, 'Range') === 'bytes=5-2' && bare.nginx === 416 && bare.webserv === 200,
  },
  {
    row: 'safe-uploads',
    holds: ({ world, differences, webserv }) =>
      differences.every(({ what }) => what === 'type') &&
      webserv.fields.get('content-type') === 'application/octet-stream' &&
      hasStore(world),
  },
  {
    row: 'closed-directory',
    holds: ({ request, bare }) =>
      segments(request).includes('closed') && isError(bare.nginx) && bare.webserv >= 300,
  },
  {
    row: 'whole-segments',
    holds: ({ world, request }) => {
      const path = decodedPath(request.target);
      if (path === undefined) return false;
      return world.servers.some(({ locations }) =>
        [...allLocations(locations)].some(
          ({ kind, path: prefix }) =>
            (kind === 'prefix' || kind === 'final-prefix') &&
            prefix !== '/' &&
            path.startsWith(prefix) &&
            path.length > prefix.length &&
            path[prefix.length] !== '/',
        ),
      );
    },
  },
];

const isWriting = ({ method }: Request): boolean => method === 'PUT' || method === 'DELETE';

/** Whether a location's `try_files` names a file other than the request's own. */
function triesAnother({ servers }: World, withRoot = false): boolean {
  return servers.some(({ locations }) =>
    [...allLocations(locations)].some(
      ({ rules, root }) =>
        (!withRoot || root !== undefined) && rules.tryFiles?.some((name) => name.startsWith('/')) === true,
    ),
  );
}

function segments(request: Request): readonly string[] {
  return decodedPath(request.target)?.split('/') ?? [];
}

function hasHiddenSegment(request: Request): boolean {
  return segments(request).some((segment) => segment.startsWith('.') && segment !== '.well-known');
}

/** Whether listings differ only in links that are dangling or lead out of the root, which cannot be followed. */
function differsInLinksOnly({ nginx = '', webserv = '' }: Difference): boolean {
  const ours = new Set(webserv.split('\n'));
  const missing = nginx.split('\n').filter((name) => !ours.has(name));
  const links = ['dangling', 'in-link', ...OUTSIDE_LINKS];
  return (
    missing.every((name) => links.includes(name.replace(/^"|\/?"$/g, ''))) &&
    ours.size + missing.length === nginx.split('\n').length
  );
}
