import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, type Finding, HttpError, isUnder, type Place, type RouteView } from '@webserv/server';
import type { Store } from './store.js';

export const codes = {
  'upload-store': 'the directory for uploads is missing or not writable',
  'upload-pages': 'an upload directory contains pages, which are served as downloads',
};

/** The route's prefix is mapped to the store in the same way as `root` maps it. */
export function storeOf(route: RouteView, directory: string | undefined): Store | undefined {
  if (directory === undefined) return route.root && { mapping: route.root, boundary: route.boundary };
  return { mapping: { prefix: route.prefix, directory }, boundary: { ...route.boundary, directory } };
}

export function nowhereToStore(place: Place | undefined): Finding {
  const hint = 'add "upload_store PATH;" or "root PATH;"';
  return { code: 'upload-store', message: 'upload has no directory to store files in', place, hint };
}

async function problemWith(directory: string): Promise<string | undefined> {
  try {
    if (!(await stat(directory)).isDirectory()) return 'is not a directory';
    await access(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'does not exist' : 'is not writable';
  }
}

/** Status codes for a directory that cannot be written to; the cause may be that the whole store cannot. */
const REFUSALS: ReadonlySet<number> = new Set([403, 404, 409]);

/** @returns 503 where a request was rejected because the store was removed or became unwritable since the start */
export async function unlessStoreIsGone(error: unknown, { mapping }: Store): Promise<unknown> {
  if (!(error instanceof HttpError && REFUSALS.has(error.status))) return error;
  const problem = await problemWith(mapping.directory);
  if (problem === undefined) return error;
  return new HttpError(503, { reason: `the upload directory ${problem}`, cause: error });
}

/** @returns why nothing can be stored there; undefined when the directory is usable */
export async function unusable({ mapping }: Store, place: Place | undefined): Promise<Finding | undefined> {
  const problem = await problemWith(mapping.directory);
  if (problem === undefined) return undefined;
  const message = `the upload directory ${mapping.directory} ${problem}`;
  const hint = "create it, or make it writable for the server's user";
  return { code: 'upload-store', message, place, hint };
}

/** Warns when a site's own pages are in the upload directory, where they would be served as downloads. */
export async function pagesIn(
  { root }: RouteView,
  { mapping: { directory } }: Store,
  place: Place | undefined,
): Promise<Finding | undefined> {
  if (root === undefined || !isUnder(directory, root.directory)) return undefined;
  const page = join(directory, 'index.html');
  const exists = await stat(page).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!exists) return undefined;
  const message = `${page} is served as a download, because its directory receives uploads, which must not run as pages`;
  const hint =
    'store uploads in a separate directory (upload_store), or write "upload_trusted on;" if only trusted users can upload';
  return { code: 'upload-pages', message, place, hint };
}
