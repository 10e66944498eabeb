import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { ConfigError, type Place, type RouteView } from '@webserv/server';
import { errorCode } from './failure.js';
import type { Store } from './store.js';

function refusal(message: string, hint: string, place: Place | undefined): ConfigError {
  return new ConfigError([{ severity: 'error', code: 'upload-store', message, place, hint }]);
}

/** The route's prefix is mapped to the store as `root` maps it. */
export function storeOf(route: RouteView, directory: string | undefined): Store | undefined {
  if (directory === undefined) return route.root && { mapping: route.root, boundary: route.boundary };
  const { followSymlinks } = route.boundary;
  return { mapping: { prefix: route.prefix, directory }, boundary: { directory, followSymlinks } };
}

export function nowhereToStore(place: Place | undefined): ConfigError {
  return refusal('upload has nowhere to put files', 'add "upload_store PATH;" or "root PATH;"', place);
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

/** @throws ConfigError when nothing could ever be stored there */
export async function requireUsable({ mapping }: Store, place: Place | undefined): Promise<void> {
  const problem = await problemWith(mapping.directory);
  if (problem === undefined) return;
  const hint = "make it a folder that the server's user can write to";
  throw refusal(`the folder for uploads, ${mapping.directory}, ${problem}`, hint, place);
}
