import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, HttpError, isUnder, type Place, type RouteView } from '@webserv/server';
import { errorCode } from './failure.js';
import type { Store } from './store.js';

export const codes = {
  'upload-store': 'there is nowhere that uploads could be stored',
  'upload-pages': 'pages lie in a directory that is uploaded to, and are sent as downloads',
};

/** The route's prefix is mapped to the store as `root` maps it. */
export function storeOf(route: RouteView, directory: string | undefined): Store | undefined {
  if (directory === undefined) return route.root && { mapping: route.root, boundary: route.boundary };
  return { mapping: { prefix: route.prefix, directory }, boundary: { ...route.boundary, directory } };
}

export function nowhereToStore(place: Place | undefined): Finding {
  const hint = 'add "upload_store PATH;" or "root PATH;"';
  return { code: 'upload-store', message: 'upload has nowhere to put files', place, hint };
}

async function problemWith(directory: string): Promise<string | undefined> {
  try {
    if (!(await stat(directory)).isDirectory()) return 'is not a folder';
    await access(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'does not exist' : 'cannot be written to';
  }
}

/** What tells a client that its folder cannot be written to: the reason may be that the whole store cannot. */
const REFUSALS: ReadonlySet<number> = new Set([403, 404, 409]);

/** @returns 503 where a request was refused because the store has gone since the start, or may not be written any more */
export async function unlessStoreIsGone(error: unknown, { mapping }: Store): Promise<unknown> {
  if (!(error instanceof HttpError && REFUSALS.has(error.status))) return error;
  const problem = await problemWith(mapping.directory);
  if (problem === undefined) return error;
  return new HttpError(503, { reason: `the folder for uploads ${problem}`, cause: error });
}

/** @returns why nothing could ever be stored there; undefined when all is well */
export async function unusable({ mapping }: Store, place: Place | undefined): Promise<Finding | undefined> {
  const problem = await problemWith(mapping.directory);
  if (problem === undefined) return undefined;
  const message = `the folder for uploads, ${mapping.directory}, ${problem}`;
  const hint = "make it a folder that the server's user can write to";
  return { code: 'upload-store', message, place, hint };
}

/** A site whose own pages lie where uploads go would be sent as downloads. */
export async function pagesIn(
  { root }: RouteView,
  { mapping: { directory } }: Store,
  place: Place | undefined,
): Promise<Finding | undefined> {
  if (root === undefined || !isUnder(directory, root.directory)) return undefined;
  const page = join(directory, 'index.html');
  const isThere = await stat(page).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isThere) return undefined;
  const message = `${page} is sent as a download: uploads are stored in its directory, and must not run as pages`;
  const hint =
    'give uploads a directory of their own (upload_store), or say "upload_trusted on;" where only people you trust can upload';
  return { code: 'upload-pages', message, place, hint };
}
