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
  /** The row of docs/from-nginx.md, "Different on purpose", that tells of it. */
  readonly row: string;
  readonly holds: (meeting: Meeting) => boolean;
}

const isError = (status: number): boolean => status >= 400;
const field = ({ fields }: Request, wanted: string): string | undefined =>
  fields.find(([name]) => name === wanted)?.[1];

/** Each is as narrow as it can be: what it allows is not looked at. A row that no run uses is taken out. */
export const allowed: readonly Allowed[] = [
  {
    row: 'hidden-names',
    // What a front controller makes of them is its own.
    holds: ({ request, webserv }) => hasHiddenSegment(request) && !webserv.content.includes('/.'),
  },
  {
    row: 'no-index',
    holds: ({ bare }) => bare.nginx === 403 && bare.webserv === 404,
  },
  {
    row: 'methods',
    // nginx sends POST for a directory without its slash to the directory.
    holds: ({ request: { method }, bare }) =>
      method !== 'GET' && bare.webserv === 405 && (isError(bare.nginx) || bare.nginx === 301),
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
    holds: ({ request, bare }) => /%2f/i.test(request.target) && bare.webserv === 404,
  },
  {
    row: 'failing-error-page',
    holds: ({ nginx, webserv, bare }) =>
      bare.nginx === bare.webserv && isError(nginx.status) && webserv.status === bare.webserv,
  },
  {
    row: 'preconditions',
    holds: ({ request, bare }) => {
      const isWriting = request.method === 'PUT' || request.method === 'DELETE';
      if (isWriting) return bare.webserv === 412 && isError(bare.nginx);
      const kept = field(request, 'If-Unmodified-Since') ?? field(request, 'If-Match');
      return (
        (bare.webserv === 304 && field(request, 'If-None-Match') !== undefined) ||
        (kept !== undefined && (bare.nginx === 412) !== (bare.webserv === 412)) ||
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
    row: 'sibling-uploads',
    holds: ({ request, bare }) =>
      request.method === 'PUT' && /\.gz$/i.test(decodedPath(request.target) ?? '') && bare.webserv === 409,
  },
  {
    row: 'delete-directories',
    holds: ({ request, bare }) => request.method === 'DELETE' && bare.webserv === 409,
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
      segments(request).at(-1) === 'closed' &&
      bare.nginx === 403 &&
      (bare.webserv === 301 || bare.webserv === 308),
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

const hasStore = ({ servers }: World): boolean =>
  servers.some(({ locations }) => [...allLocations(locations)].some(({ rules }) => rules.store));

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
  const links = ['dangling', 'in-link', ...OUTSIDE_LINKS];
  return (
    missing.every((name) => links.includes(name.replace(/^"|\/?"$/g, ''))) &&
    ours.size + missing.length === nginx.split('\n').length
  );
}
