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
    holds: ({ request: { method }, bare }) => method !== 'GET' && bare.webserv === 405 && isError(bare.nginx),
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
