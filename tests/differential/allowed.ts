import type { Answer } from '../wire/answers.js';
import type { Difference } from './compare.js';
import { decodedPath } from './decoded-path.js';
import { OUTSIDE_LINKS } from './generate-tree.js';
import { allLocations, type Request, type World } from './model.js';

/** A request that the two answer differently. */
export interface Meeting {
  readonly world: World;
  readonly request: Request;
  readonly differences: readonly Difference[];
  readonly nginx: Answer;
  readonly webserv: Answer;
  /** The statuses without any `error_page`, which may stand for another one. */
  readonly bare: { readonly nginx: number; readonly webserv: number };
}

/** A difference that is meant. */
export interface Allowed {
  /** The first cell of the row in docs/from-nginx.md that tells of it. */
  readonly row: string;
  readonly holds: (meeting: Meeting) => boolean;
}

const isError = (status: number): boolean => status >= 400;
const field = ({ fields }: Request, wanted: string): string | undefined =>
  fields.find(([name]) => name === wanted)?.[1];

/** Each is as narrow as it can be: what it allows is not looked at. A row that no run uses is taken out. */
export const allowed: readonly Allowed[] = [
  {
    row: 'names with a leading dot',
    holds: ({ request, bare }) => bare.webserv === 404 && hasHiddenSegment(request),
  },
  {
    row: 'a folder with neither index nor listing',
    holds: ({ bare }) => bare.nginx === 403 && bare.webserv === 404,
  },
  {
    row: 'a method that is not allowed',
    // nginx sends POST for a directory without its slash to the directory.
    holds: ({ request: { method }, bare }) =>
      method !== 'GET' && bare.webserv === 405 && (isError(bare.nginx) || bare.nginx === 301),
  },
  {
    row: '`OPTIONS`',
    holds: ({ request, bare }) => request.method === 'OPTIONS' && bare.webserv === 204 && isError(bare.nginx),
  },
  {
    row: 'symbolic links that lead out of the root',
    holds: ({ request, bare }) =>
      isError(bare.webserv) && segments(request).some((segment) => OUTSIDE_LINKS.includes(segment)),
  },
  {
    row: '`If-Modified-Since`',
    holds: ({ request, bare }) =>
      field(request, 'If-Modified-Since')?.includes('2100') === true &&
      bare.webserv === 304 &&
      bare.nginx === 200,
  },
  {
    row: '`Range` with HEAD',
    holds: ({ request, bare }) =>
      request.method === 'HEAD' &&
      field(request, 'Range') !== undefined &&
      (bare.nginx === 206 || bare.nginx === 416) &&
      bare.webserv === 200,
  },
  {
    row: '`%00` in a path',
    holds: ({ request, bare }) =>
      request.target.includes('%00') && bare.nginx === 400 && isError(bare.webserv),
  },
  {
    row: '`autoindex`',
    holds: ({ differences }) =>
      differences.every((each) => each.what === 'listing' && differsInLinksOnly(each)),
  },
  {
    row: 'the type of a `return` with a text',
    holds: ({ differences, webserv }) =>
      differences.every(({ what }) => what === 'type') && webserv.content === 'as returned',
  },
  {
    row: '`%2F` in a path',
    holds: ({ request, bare }) => /%2f/i.test(request.target) && bare.webserv === 404,
  },
  {
    row: 'an error page that fails',
    holds: ({ nginx, webserv, bare }) =>
      bare.nginx === bare.webserv && isError(nginx.status) && webserv.status === bare.webserv,
  },
  {
    row: 'a precondition where there is no validator',
    holds: ({ request, bare }) =>
      bare.nginx === 412 &&
      bare.webserv !== 412 &&
      (field(request, 'If-Unmodified-Since') ?? field(request, 'If-Match')) !== undefined,
  },
  {
    row: 'prefixes',
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

function segments(request: Request): readonly string[] {
  return decodedPath(request.target)?.split('/') ?? [];
}

function hasHiddenSegment(request: Request): boolean {
  return segments(request).some((segment) => segment.startsWith('.') && segment !== '.well-known');
}

/** Links that lead nowhere or out of the root: following one is an error. */
function differsInLinksOnly({ nginx = '', webserv = '' }: Difference): boolean {
  const ours = new Set(webserv.split('\n'));
  const missing = nginx.split('\n').filter((name) => !ours.has(name));
  const links = ['dangling', ...OUTSIDE_LINKS];
  return (
    missing.every((name) => links.includes(name.replace(/\/$/, ''))) &&
    ours.size + missing.length === nginx.split('\n').length
  );
}
