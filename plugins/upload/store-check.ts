import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { type Finding, HttpError, type Place, type RouteView } from '@webserv/server';
import { errorCode } from './failure.js';
import type { Store } from './store.js';

export const codes = { 'upload-store': 'there is nowhere that uploads could be stored' };

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
